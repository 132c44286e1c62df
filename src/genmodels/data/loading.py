"""Loading of named data sets and of folders; errors for unknown names."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Literal

from genmodels.data import folder, glyphs, stacked, tables, torchvision_sets
from genmodels.data.decoding import Channels, Fit
from genmodels.data.download import Unavailable
from genmodels.data.images import Images, ReportProgress, silent
from genmodels.data.layout import Splits
from genmodels.data.sources import Listed, Source
from genmodels.errors import InputError, argument, brief, check_path, nearest
from genmodels.system import cache

SOURCES: tuple[Source, ...] = (glyphs, torchvision_sets, stacked)
Kind = Literal["embedded", "named", "folder"]  # in the package, below a root, or pictures


def default_root() -> Path:
    """Return the folder of named sets: ``GENMODELS_DATA``, else the user's cache folder."""
    given = os.environ.get("GENMODELS_DATA")
    return Path(given) if given else cache.path("data")


def load(
    name: str | Path,
    *,
    root: str | Path | None = None,
    offline: str | None = None,
    validation: float = 0.0,
    image_size: int | None = None,
    channels: Channels = "auto",
    fit: Fit = "crop",
    on_bad: tables.OnBad = "error",
    splits: Splits = "auto",
    progress: ReportProgress = silent,
) -> Images:
    """Load a named set or a folder of pictures.

    Args:
        name: one of :func:`names`, or the path of a folder.
        root: folder of named sets; :func:`default_root` by default.
        offline: the set to load instead if ``name`` is neither on disk nor downloadable. The
            result then has a note about it.
        validation: share of the training images to hold out, in [0, 1).
        image_size: height and width; by default those of the images.
        channels: 1 for grey, 3 for colour, ``auto`` for those of the images.
        fit: of pictures that are not square: ``crop`` the middle, or ``pad`` with black.
        on_bad: unreadable pictures of a folder are an ``error``, or ``skip`` leaves them out
            with a note.
        splits: of a folder: its ``folders`` named train, validation and test, a ``hash`` of
            the pixels, or ``auto``: folders where all folders are called so.
        progress: called with (what, done, total).

    Raises:
        InputError: there is no such set or folder, or it cannot be read.
    """
    name, root = str(name), _checked_root(root)
    if offline is not None and offline not in names():
        raise InputError(
            f"data.offline: unknown data set {offline!r}{nearest(offline, names())}; "
            f"use one of {', '.join(names())}"
        )
    try:
        images = _load(name, root, image_size, channels, fit, progress, on_bad, splits)
    except Unavailable as error:
        if offline is None or offline == name:
            raise
        images = _load(offline, root, image_size, channels, fit, progress, on_bad, splits)
        note = f"{error.why}: taking {offline} instead, as data.offline says"
        images = replace(images, notes=(note, *images.notes))
    return images.with_validation(validation)


def names() -> list[str]:
    """List the named sets."""
    return [name for source in SOURCES for name in source.names()]


def sets(root: str | Path | None = None) -> list[Listed]:
    """Describe every named set and its place, without opening it."""
    place = _checked_root(root)
    return [source.describe(name, place) for source in SOURCES for name in source.names()]


def kind_of(name: str) -> Kind | None:
    """Return the kind of the data of a name; None if there are no such data."""
    for source in SOURCES:
        if name in source.names():
            place = source.describe(name, default_root()).place
            return "embedded" if place == "embedded" else "named"
    return None if _folder(name) is None else "folder"


def loaded_name(name: str) -> str:
    """Return the name that images will have when they are loaded: a folder's is its full path."""
    path = None if name in names() else _folder(name)
    return str(path.resolve()) if path else name


def _checked_root(given: str | Path | None) -> Path:
    """Return the folder of named sets with the user's home folder for ``~``.

    Raises:
        InputError: there is no such folder. The default one may be made later, by a download.
    """
    if given is not None and (not isinstance(given, str | Path) or given == ""):
        raise InputError(f"`data_root={brief(given)}`: give a path")
    root = default_root() if given is None else Path(given)
    try:
        root = root.expanduser()
    except RuntimeError as error:
        raise InputError(f"`data_root={argument(root)}`: {error}; give another path") from None
    check_path(root, "data_root")
    if given is not None and not root.is_dir():
        raise InputError(
            f"`data_root={argument(root)}`: there is no such folder; give the folder of the data "
            "sets, or make it, so that they are downloaded into it"
        )
    return root


def _folder(name: str) -> Path | None:
    """Return the folder of a name; None if there is none."""
    path = os.path.expanduser(name)
    return Path(path) if os.path.isdir(path) else None  # false for impossible paths too


def _load(
    name: str,
    root: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
    on_bad: tables.OnBad,
    splits: Splits,
) -> Images:
    """Load a named set, or a folder if no set has the name."""
    for source in SOURCES:
        if name in source.names():
            return source.load(name, root, image_size, channels, fit, progress)
    if path := _folder(name):
        return folder.load(path, image_size, channels, fit, progress, on_bad, splits)
    raise InputError(_unknown(name))


def _unknown(name: str) -> str:
    """Return the message for an unknown name, with the names that may be meant."""
    family = [known for known in names() if known.startswith(f"{name.lower()}-")]
    if family:
        return f"data set {name!r} has several splits; use one of {', '.join(family)}"
    if os.path.isfile(os.path.expanduser(name)):
        return f"{name!r} is a file; give its folder"
    return (
        f"unknown data set {name!r}{nearest(name.lower(), names())}, and there is no folder of "
        f"that name; use a folder of pictures or one of {', '.join(names())}"
    )
