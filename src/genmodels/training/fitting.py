"""What is fitted to training images once gradient steps are over."""

import copy
import time
from collections.abc import Iterator

import torch

from genmodels.data.images import TRAIN, Batch
from genmodels.models.base import Fitted
from genmodels.system import randomness
from genmodels.training.trainer import Trainer

BATCH = 1000  # images seen at once


def left(trainer: Trainer) -> bool:
    """Whether the model has a part that is still to be fitted."""
    return isinstance(trainer.model, Fitted) and not trainer.model.fitted


def fit(trainer: Trainer) -> None:
    """Fit it, for the last weights and for their average; the time counts as training.

    Raises:
        InputError: there are too few training images for it.
    """
    began = time.perf_counter()
    rows = trainer.images.splits[TRAIN]
    order = randomness.generator(trainer.seed, "order of fitting")
    rows = rows[torch.randperm(len(rows), generator=order).to(rows.device)]

    def batches() -> Iterator[Batch]:
        return trainer.feed.batches(rows, BATCH)

    average = trainer.run_step.average
    averaged = copy.deepcopy(trainer.model) if average else None
    if averaged is not None and average is not None:
        averaged.load_state_dict(average.state)
    for model in filter(None, (trainer.model, averaged)):
        assert isinstance(model, Fitted)
        model.eval()
        with randomness.placed(trainer.seed, "fit", device=trainer.device.device):
            model.fit(batches())
    if averaged is not None and average is not None:
        for name, value in averaged.state_dict().items():
            average.state[name].copy_(value)
    trainer.seconds += time.perf_counter() - began
