"""The part of a model that is fitted to training images after the last step."""

import copy
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from genmodels.data.feed import Feed
from genmodels.data.images import TRAIN
from genmodels.models.base import Fitted, Model
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
    models, ema = [trainer.model], trainer.run_step.ema
    if ema:
        models.append(copy.deepcopy(trainer.model))
        models[1].load_state_dict(ema.state)
    for model in models:
        model.eval()
        _fit(model, trainer)
    if ema:
        for name, value in models[1].state_dict().items():
            ema.state[name].copy_(value)
    trainer.seconds += time.perf_counter() - began


@contextmanager
def sampled(trainer: Trainer, images: int) -> Iterator[Model]:
    """Give the model that samples are drawn from: with EMA weights if there are any, and fitted.

    Afterwards its weights and buffers are those of before, bit for bit.

    Args:
        trainer: the trainer of the model, between two steps.
        images: the number of training images that the part is fitted to, if it is not fitted yet.

    Raises:
        InputError: the part cannot be fitted to them.
    """
    model, ema = trainer.model, trainer.run_step.ema
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.eval()
    try:
        if ema:
            model.load_state_dict(ema.state)
        if isinstance(model, Fitted) and not model.fitted:
            _fit(model, trainer, images)
        yield model
    finally:
        model.load_state_dict(before)
        model.train()


def fit_model(
    model: Model, feed: Feed, seed: int, device: torch.device, images: int | None = None
) -> None:
    """Fit the part of a model to training images, in a random order that is always the same.

    Args:
        model: a :class:`Fitted` one, in evaluation mode, on the device.
        feed: the images.
        seed: of the run.
        device: where to compute.
        images: the number of training images; by default all.

    Raises:
        InputError: there are too few training images.
    """
    assert isinstance(model, Fitted)
    rows = feed.images.splits[TRAIN]
    order = randomness.generator(seed, "order of fitting")
    rows = rows[torch.randperm(len(rows), generator=order).to(rows.device)][:images]
    with randomness.placed(seed, "fit", device=device):
        model.fit(feed.batches(rows, BATCH))


def _fit(model: Model, trainer: Trainer, images: int | None = None) -> None:
    fit_model(model, trainer.feed, trainer.seed, trainer.device.device, images)
