"""The validation metrics of a model, on images that it is not trained on."""

from collections.abc import Callable

import torch

from genmodels.data.feed import Feed
from genmodels.models.base import Model
from genmodels.system import randomness
from genmodels.system.device import Device

BATCH = 1000


@torch.no_grad()
def evaluate(
    model: Model, feed: Feed, split: str, seed: int, device: Device, stop: Callable[[], bool]
) -> dict[str, float] | None:
    """Compute the means of the validation metrics over a split.

    Random numbers are the same each time, so that curves depend on the weights alone.

    Args:
        model: the model, in training mode before and after this.
        feed: the source of the images.
        split: the name of the split.
        seed: the seed of the run.
        device: the device and the precision.
        stop: called before each batch; true to stop.

    Returns:
        ``<split>.<term>`` → mean; empty for an empty split, None if stopped.
    """
    rows = feed.images.splits[split]
    totals: dict[str, float] = {}
    model.eval()
    with randomness.placed(seed, split, device=device.device):
        for batch in feed.batches(rows, BATCH):
            if stop():
                return None
            with device.autocast():
                terms = model.validation_metrics(batch)
            for name, value in terms.items():
                totals[name] = totals.get(name, 0.0) + value.item() * len(batch.images)
    model.train()
    return {f"{split}.{name}": total / len(rows) for name, total in totals.items()}
