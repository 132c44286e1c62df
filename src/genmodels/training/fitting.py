"""The part of a model that is fitted to training images after the last step."""

import copy
import time
from collections.abc import Iterator

import torch

from genmodels.data.images import TRAIN, Batch
from genmodels.models.base import Fitted
from genmodels.system import randomness
from genmodels.training.trainer import Trainer

BATCH = 1000  # images of a batch


def is_pending(trainer: Trainer) -> bool:
    """Return whether the model has a part that is not fitted yet."""
    return isinstance(trainer.model, Fitted) and not trainer.model.fitted


def fit(trainer: Trainer) -> None:
    """Fit this part, for the last weights and for the EMA weights.

    The time counts as training time.

    Raises:
        InputError: there are too few training images.
    """
    began = time.perf_counter()
    rows = trainer.images.splits[TRAIN]
    order = randomness.generator(trainer.seed, "order of fitting")
    rows = rows[torch.randperm(len(rows), generator=order).to(rows.device)]

    def batches() -> Iterator[Batch]:
        return trainer.feed.batches(rows, BATCH)

    models, ema = [trainer.model], trainer.run_step.ema
    if ema:
        models.append(copy.deepcopy(trainer.model))
        models[1].load_state_dict(ema.state)
    for model in models:
        assert isinstance(model, Fitted)
        model.eval()
        with randomness.placed(trainer.seed, "fit", device=trainer.device.device):
            model.fit(batches())
    if ema:
        for name, value in models[1].state_dict().items():
            ema.state[name].copy_(value)
    trainer.seconds += time.perf_counter() - began
