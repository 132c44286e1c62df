"""``stacked-mnist``: three digits as the channels of one image, which gives 1000 classes.

Metz et al., Unrolled Generative Adversarial Networks (2017), appendix. The number of classes
among generated images shows how many modes a generator drops.
"""

from pathlib import Path

import torch
from torch import Tensor

from genmodels.data import torchvision_sets
from genmodels.data.decoding import Channels, Fit
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, ReportProgress
from genmodels.data.sources import Listed
from genmodels.errors import InputError
from genmodels.system import randomness

NAME, EACH = "stacked-mnist", "mnist"
CHANNELS = 3
COUNTS = {TRAIN: 60_000, TEST: 10_000}


def names() -> list[str]:
    """List the name of this set."""
    return [NAME]


def describe(name: str, root: Path) -> Listed:
    """Describe this set; its place is that of the set it is made of."""
    each = torchvision_sets.describe(EACH, root)
    return Listed(
        name=NAME,
        image_shape=(CHANNELS, *each.image_shape[1:]),
        train=COUNTS[TRAIN],
        test=COUNTS[TEST],
        classes=each.classes**CHANNELS,
        place=each.place,
        note=f"{CHANNELS} images of {EACH}",
    )


def load(
    name: str,
    root: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
) -> Images:
    """Load the set it is made of, and stack its images.

    Raises:
        InputError: one channel is asked for, or as for :func:`torchvision_sets.load`.
    """
    if channels == 1:
        raise InputError(
            f"data.channels: {NAME} has {CHANNELS}, each a digit; give {CHANNELS} or auto"
        )
    return stack(torchvision_sets.load(EACH, root, image_size, "auto", fit, progress))


def stack(each: Images) -> Images:
    """Make a set whose images have three random images of ``each`` as their channels.

    The draw is the same each time.

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
    """Return random rows of one split, (count, CHANNELS)."""
    rows = each.splits[split]
    generator = randomness.generator(0, f"stacked {split}")
    return rows[torch.randint(len(rows), (count, CHANNELS), generator=generator)]
