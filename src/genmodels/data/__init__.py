"""Turn a name or a folder into :class:`Images`."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import platformdirs

from genmodels.data import folder, glyphs, resize, stacked, tables, torchvision_sets
from genmodels.data.decoding import Channels, Fit
from genmodels.data.download import Unavailable
from genmodels.data.images import TEST, TRAIN, Images, ReportProgress, silent
from genmodels.errors import InputError, nearest

Place = Literal["embedded", "on disk", "downloadable"]


@dataclass(frozen=True, repr=False)
class Listed:
    """A named set, as ``genmodels datasets`` shows it.

    Attributes:
        name: as ``data`` takes it.
        image_shape: (C, H, W).
        train, test: number of images in each split.
        classes: number of labels; 0 for none.
        place: where the set is.
        note: the place in words.
    """

    name: str
    image_shape: tuple[int, int, int]
    train: int
    test: int
    classes: int
    place: Place
    note: str

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.image_shape))
        return (
            f"<Listed {self.name}: {shape}, {self.train:,} train, {self.test:,} test, {self.place}>"
        )


def default_root() -> Path:
    """Return the folder of named sets: ``GENMODELS_DATA``, else the user's cache folder."""
    given = os.environ.get("GENMODELS_DATA")
    return Path(given) if given else platformdirs.user_cache_path("genmodels") / "data"


def load(
    name: str,
    *,
    root: Path | None = None,
    offline: str | None = None,
    validation: float = 0.0,
    image_size: int | None = None,
    channels: Channels = "auto",
    fit: Fit = "crop",
    on_bad: tables.OnBad = "error",
    progress: ReportProgress = silent,
) -> Images:
    """Load a named set or a folder of pictures.

    Args:
        name: one of :func:`names`, else the path of a folder.
        root: folder of named sets; :func:`default_root` by default.
        offline: set to load instead if ``name`` is neither on disk nor downloadable.
            A note of the result says so.
        validation: share of the training images to hold out, in [0, 1).
        image_size: height and width; by default those of the images.
        channels: 1 for grey, 3 for colour, ``auto`` for those of the images.
        fit: ``crop`` the middle or ``pad`` with black where a picture is not square.
        on_bad: what happens to unreadable pictures of a folder: ``error``, or ``skip`` with a note.
        progress: called with (what, done, total).

    Raises:
        InputError: there is no such set or folder, or it cannot be read.
    """
    root = (root or default_root()).expanduser()
    if offline is not None and offline not in names():
        raise InputError(
            f"data.offline: unknown data set {offline!r}{nearest(offline, names())}; "
            f"use one of {', '.join(names())}"
        )
    try:
        images = _load(name, root, image_size, channels, fit, progress, on_bad)
    except Unavailable as error:
        if offline is None or offline == name:
            raise
        images = _load(offline, root, image_size, channels, fit, progress, on_bad)
        note = f"{error.why}: taking {offline} instead, as data.offline says"
        images = replace(images, notes=(note, *images.notes))
    return images.with_validation(validation)


def names() -> list[str]:
    """List the named sets."""
    return [glyphs.NAME, *torchvision_sets.SETS, stacked.NAME]


def sets(root: Path | None = None) -> list[Listed]:
    """Describe every named set and its place, without opening it."""
    root = (root or default_root()).expanduser()
    listed = [Listed(glyphs.NAME, (1, 28, 28), 12_000, 2_000, 10, "embedded", "in the package")]
    for name, described in torchvision_sets.SETS.items():
        place: Place = "downloadable" if torchvision_sets.missing(name, root) else "on disk"
        note = f"in {root}" if place == "on disk" else "downloaded when it is used"
        if described.lacks:
            note += f"; needs {described.lacks}, which is not installed"
        counts = (described.train, described.test, described.classes)
        listed.append(Listed(name, described.image_shape, *counts, place, note))
    each = next(entry for entry in listed if entry.name == stacked.EACH)
    shape = (stacked.CHANNELS, *each.image_shape[1:])
    classes, note = each.classes**stacked.CHANNELS, f"{stacked.CHANNELS} images of {each.name}"
    counts = (stacked.COUNTS[TRAIN], stacked.COUNTS[TEST], classes)
    listed.append(Listed(stacked.NAME, shape, *counts, each.place, note))
    return listed


def _load(
    name: str,
    root: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
    on_bad: tables.OnBad,
) -> Images:
    """Load by name or by path. A name goes before a folder of the same name."""
    if name == glyphs.NAME:
        return resize.fit_table(glyphs.load(), image_size, channels)
    if name == stacked.NAME:
        if channels == 1:
            raise InputError(f"data.channels: {name} has {stacked.CHANNELS}, each a digit")
        return stacked.stack(_load(stacked.EACH, root, image_size, "auto", fit, progress, on_bad))
    if name in torchvision_sets.SETS:
        images = torchvision_sets.load(name, root, image_size, channels, fit, progress)
        return resize.fit_table(images, image_size, channels)
    path = Path(name).expanduser()
    if name and path.is_dir():
        return folder.load(path, image_size, channels, fit, progress, on_bad)
    raise InputError(_unknown(name, path))


def _unknown(name: str, path: Path) -> str:
    """Explain an unknown name, with the likely meaning."""
    family = [known for known in names() if known.startswith(f"{name.lower()}-")]
    if family:
        return f"data set {name!r} has several splits; use one of {', '.join(family)}"
    if name and path.is_file():
        return f"{name!r} is a file; give the folder of pictures that it is in"
    return (
        f"unknown data set {name!r}{nearest(name.lower(), names())}, and there is no folder of "
        f"that name; use a folder of pictures or one of {', '.join(names())}"
    )
