"""Whether there are images enough to train on, known before the first step."""

from genmodels.config.settings import Train
from genmodels.data.images import TRAIN, Images
from genmodels.errors import InputError
from genmodels.models.base import Fitted, Model
from genmodels.system.distributed import Ranks


def check(model: Model, images: Images, train: Train, ranks: Ranks) -> None:
    """Check the training images, and those of a batch that each process takes.

    Raises:
        InputError: there are fewer than one batch, than a part that is fitted takes, or than
            the model compares in a batch.
    """
    count = images.count(TRAIN)
    if count == 0:
        raise InputError(
            f"{images.name} has no training images: all that are equal are held out together, "
            "and none are left; add images that differ"
        )
    if count < train.batch_size:
        raise InputError(
            f"{images.name} has {count} training images, fewer than one batch of "
            f"{train.batch_size}; add images or lower it with `train.batch_size={count}`"
        )
    if isinstance(model, Fitted) and count < model.fewest:
        raise InputError(
            f"{images.name} has {count} training images, and what this {type(model).__name__} "
            f"fits to them takes {model.fewest} or more; add images, or fit fewer components"
        )
    if train.batch_size // ranks.world < model.smallest_batch:
        raise InputError(
            f"train.batch_size is {train.batch_size}, and this {type(model).__name__} compares "
            f"images of a batch, so each process needs {model.smallest_batch} or more"
        )
