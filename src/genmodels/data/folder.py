"""A folder of the user's pictures, in one of the layouts of :mod:`genmodels.data.layout`.

Without a folder of test pictures about a tenth of the training pictures is the test split,
chosen by a hash of their pixels. So new pictures do not change the split of others, and equal
pictures are in the same split.
"""

from pathlib import Path

import torch
from torch import Tensor

from genmodels.data import layout, tables
from genmodels.data.decoding import Channels, Fit
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, ReportProgress, positions
from genmodels.data.layout import Listing, Splits
from genmodels.data.workers import Pictures

TEST_SHARE = 0.1  # the same as the default share of the validation split


def load(
    path: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
    on_bad: tables.OnBad = "error",
    splits: Splits = "auto",
) -> Images:
    """Load a folder of pictures.

    Args:
        path: of the folder.
        image_size: height and width; for None see :class:`workers.Pictures`.
        channels: 1, 3, or ``auto``: 1 if no picture has colour, else 3.
        fit: ``crop`` the middle, or ``pad`` with black.
        progress: called with (what, done, total).
        on_bad, splits: as for :func:`genmodels.data.load`.

    Raises:
        InputError: pictures are missing, too few or broken, or the table cannot be written.
    """
    folder = path.resolve()
    listing = layout.read(folder, splits)
    pictures = Pictures(folder, listing.files, image_size, channels, fit)
    table = tables.load(pictures, progress, on_bad)
    labels = None
    if listing.classes:
        labels = torch.tensor([listing.labels[file] for file in table.files])
    return Images(
        name=str(folder),
        table=table.images,
        splits=_splits(listing, table),
        labels=labels,
        classes=listing.classes,
        notes=(*listing.notes, *table.notes),
        mapped=True,
        own_validation=VALIDATION in listing.splits.values(),
    )


def _splits(listing: Listing, table: tables.Table) -> dict[str, Tensor]:
    """Return the rows of each split: those of the folders, or some by a hash of the pixels."""
    given = [listing.splits.get(file, TRAIN) for file in table.files]
    rows = {
        split: torch.tensor([row for row, name in enumerate(given) if name == split]).long()
        for split in (TRAIN, VALIDATION, TEST)
    }
    if not len(rows[TEST]):
        held_out = positions(table.images, rows[TRAIN], TEST) < TEST_SHARE
        rows |= {TRAIN: rows[TRAIN][~held_out], TEST: rows[TRAIN][held_out]}
    return rows
