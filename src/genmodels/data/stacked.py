"""``stacked-mnist``: three digits as the channels of one image, a thousand classes.

Metz et al., Unrolled Generative Adversarial Networks (2017), appendix. The number of classes
among generated images shows how many modes a generator drops.
"""

import torch
from torch import Tensor

from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.system import randomness

NAME, EACH = "stacked-mnist", "mnist"
CHANNELS = 3
COUNTS = {TRAIN: 60_000, TEST: 10_000}


def stack(each: Images) -> Images:
    """Stack images of a set. The draw from its splits is the same each time.

    Args:
        each: grey images with labels.
    """
    assert each.labels is not None
    classes = len(each.classes)
    rows = torch.cat([_draw(each, split, count) for split, count in COUNTS.items()])
    numbers = each.labels[rows] * classes ** torch.arange(CHANNELS - 1, -1, -1)
    first = COUNTS[TRAIN]
    return Images(
        name=NAME,
        table=each.table[rows].squeeze(2),
        splits={
            TRAIN: torch.arange(first),
            VALIDATION: torch.empty(0, dtype=torch.int64),
            TEST: torch.arange(first, len(rows)),
        },
        labels=numbers.sum(1),
        classes=tuple(f"{number:0{CHANNELS}d}" for number in range(classes**CHANNELS)),
        notes=each.notes,
        each=each,
    )


def _draw(each: Images, split: str, count: int) -> Tensor:
    """Draw rows of the table from one split: (count, CHANNELS)."""
    rows = each.splits[split]
    generator = randomness.generator(0, f"stacked {split}")
    return rows[torch.randint(len(rows), (count, CHANNELS), generator=generator)]
