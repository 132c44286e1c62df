"""Checks of the number of training images, before the first step."""

from genmodels.config.settings import Train
from genmodels.data.images import TRAIN, Images
from genmodels.errors import InputError
from genmodels.models.base import Fitted, Model
from genmodels.system.distributed import Processes


def check(model: Model, images: Images, train: Train, processes: Processes) -> None:
    """Check the number of training images, and of images in each process's share of a batch.

    Raises:
        InputError: there are fewer training images than one batch, or than the fit of the density
            needs; or a process's share of a batch is smaller than the model's ``smallest_batch``.
    """
    count = images.count(TRAIN)
    if count == 0:
        raise InputError(
            f"{images.name} has no training images left: equal images are held out together; "
            "add images that differ"
        )
    if count < train.batch_size:
        raise InputError(
            f"{images.name} has {count} training images, fewer than one batch of "
            f"{train.batch_size}; add images or lower it with `train.batch_size={count}`"
        )
    if isinstance(model, Fitted) and count < model.fewest:
        raise InputError(
            f"{images.name} has {count} training images, and the density of this "
            f"{type(model).__name__} needs {model.fewest} or more; add images, or fit fewer "
            "components"
        )
    if train.batch_size // processes.world_size < model.smallest_batch:
        raise InputError(
            f"train.batch_size is {train.batch_size}, and this {type(model).__name__} compares "
            f"images of a batch, so each process needs {model.smallest_batch} or more"
        )
