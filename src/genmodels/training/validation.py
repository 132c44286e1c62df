"""The model's terms on images that it does not learn from."""

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
    """Compute ``<split>.<term>`` → mean over a split.

    The noise is the same each time, so curves move by the weights alone.

    Returns:
        Nothing for an empty split; None if ``stop`` said so between two batches.
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
