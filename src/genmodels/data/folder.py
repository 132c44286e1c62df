"""A folder of the user's pictures: flat, or with one folder for each class.

About a tenth of the pictures is the test split, chosen by a hash of their pixels. So new
pictures do not change the split of others, and equal pictures are in the same split.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from genmodels.data import tables
from genmodels.data.decoding import EXTENSIONS, Channels, Fit
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, ReportProgress, positions
from genmodels.data.workers import Pictures
from genmodels.errors import InputError

TEST_SHARE = 0.1  # the same as the default share of the validation split
FEWEST = 2  # smallest number of pictures in a folder


@dataclass(frozen=True)
class Listing:
    """The content of a folder.

    Attributes:
        files: paths of the pictures below the folder, sorted.
        classes: names of the folders that contain pictures, sorted; empty for a flat folder.
        others: number of visible files that do not have the extension of a picture.
        deeper: number of pictures in folders inside the classes' folders; they are not read.
    """

    files: tuple[str, ...]
    classes: tuple[str, ...]
    others: int
    deeper: int


def load(
    path: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
    on_bad: tables.OnBad = "error",
) -> Images:
    """Load a folder of pictures.

    Args:
        path: of the folder.
        image_size: height and width; for None see :class:`workers.Pictures`.
        channels: 1, 3, or ``auto``: 1 if no picture has colour, else 3.
        fit: ``crop`` the middle, or ``pad`` with black.
        progress: called with (what, done, total).
        on_bad: as for :func:`genmodels.data.load`.

    Raises:
        InputError: pictures are missing, too few or broken, or the table cannot be written.
    """
    folder = path.resolve()
    listing = contents(folder)
    pictures = Pictures(folder, listing.files, image_size, channels, fit)
    table = tables.load(pictures, progress, on_bad)
    labels = None
    if listing.classes:
        numbers = {name: number for number, name in enumerate(listing.classes)}
        labels = torch.tensor([numbers[file.partition("/")[0]] for file in table.files])
    rows = torch.arange(len(table.files))
    held_out = positions(table.images, rows, TEST) < TEST_SHARE
    splits = {TRAIN: rows[~held_out], VALIDATION: rows[:0], TEST: rows[held_out]}
    notes = (*table.notes, *_notes(folder, listing))
    return Images(str(folder), table.images, splits, labels, listing.classes, notes, mapped=True)


def contents(folder: Path) -> Listing:
    """List a folder and the folders in it, without hidden files and folders.

    Raises:
        InputError: the folder cannot be read, has too few pictures, or has pictures both in
            itself and in its folders.
    """
    try:
        inside = _visible(folder)
        folders = {
            entry.name: _visible(folder / entry.name) for entry in inside if _is_folder(entry)
        }
    except OSError as error:
        raise InputError(
            f"folder {error.filename} cannot be read: {error.strerror}; change its permissions"
        ) from None
    flat = [entry.name for entry in inside if entry.name not in folders]
    nested = {
        name: [f"{name}/{entry.name}" for entry in entries if not _is_folder(entry)]
        for name, entries in folders.items()
    }
    deeper = {
        name: sum(_count(folder / name / entry.name) for entry in entries if _is_folder(entry))
        for name, entries in folders.items()
    }
    below = [file for name in nested for file in nested[name]]
    pictures, in_classes = _pictures(flat), _pictures(below)
    if pictures and in_classes:
        raise InputError(
            f"folder {folder} has pictures both directly in it ({len(pictures):,}) and in its "
            f"folders ({len(in_classes):,}); put them all in it, or all in one folder for each "
            "class"
        )
    files = pictures or in_classes
    total_deeper = sum(deeper.values())
    if len(files) < FEWEST:
        near = next((folder / name for name, count in deeper.items() if count), None)
        hint = f"; {total_deeper:,} lie deeper: give the folder above them, such as {near}"
        raise InputError(
            f"folder {folder} has {len(files)} picture{'' if len(files) == 1 else 's'}, "
            f"{FEWEST} or more are needed: {', '.join(EXTENSIONS)}, directly in it or in one "
            f"folder for each class{hint if near else ''}"
        )
    classes = tuple(name for name in nested if _pictures(nested[name]))
    return Listing(tuple(files), classes, len(flat) + len(below) - len(files), total_deeper)


def has_pictures(folder: Path) -> bool:
    """Return whether a folder has pictures, in itself or in one of its folders."""
    try:
        inside = _visible(folder)
        places = [folder, *(folder / entry.name for entry in inside if _is_folder(entry))]
        return any(_pictures([entry.name for entry in _visible(place)]) for place in places)
    except OSError:  # reading it says why
        return True


def _visible(folder: Path) -> list[os.DirEntry[str]]:
    """List the visible entries of a folder, sorted by name."""
    with os.scandir(folder) as inside:
        visible = [entry for entry in inside if not entry.name.startswith(".")]
    return sorted(visible, key=lambda entry: entry.name)


def _count(folder: Path) -> int:
    """Return the number of visible pictures in a folder, at any depth."""
    count = 0
    for _, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        count += len(_pictures([name for name in files if not name.startswith(".")]))
    return count


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circular link is an unreadable file
        return False


def _pictures(files: list[str]) -> list[str]:
    return [file for file in files if file.lower().endswith(EXTENSIONS)]


def _notes(folder: Path, listing: Listing) -> list[str]:
    notes = []
    if listing.others:
        notes.append(f"left out {listing.others:,} files in {folder} that are not pictures")
    if listing.deeper:
        notes.append(
            f"left out {listing.deeper:,} pictures that lie two or more folders deep in {folder}; "
            "only one level of folders is read"
        )
    return notes
