"""Everything that turns a name or a folder into :class:`Images`."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import platformdirs

from genmodels.data import folder, glyphs, resize, torchvision_sets
from genmodels.data.images import Images, Progress, silent
from genmodels.errors import InputError, nearest

Channels = Literal["auto", 1, 3]
Fit = Literal["crop", "pad"]


@dataclass(frozen=True)
class Listed:
    """A data set that has a name, as ``genmodels datasets`` shows it."""

    name: str
    image_shape: tuple[int, int, int]
    train: int
    test: int
    classes: int
    note: str


def default_root() -> Path:
    """Where named sets lie: ``GENMODELS_DATA``, else the user's cache folder."""
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
    progress: Progress = silent,
) -> Images:
    """Load a named set or a folder of pictures.

    Args:
        name: one of :func:`names`, else the path of a folder.
        root: where named sets lie; :func:`default_root` by default.
        offline: the set to take instead if ``name`` is neither on disk nor downloadable;
            a note of the result says so.
        validation: share of the training images that is held out.
        image_size: height and width; by default as the images are.
        channels: 1 for grey, 3 for colour, ``auto`` as the images are.
        fit: ``crop`` the middle or ``pad`` with black where the shape is not square.
        progress: is told how far reading is.

    Raises:
        InputError: there is no such set or folder, or it cannot be read.
    """
    root = root or default_root()
    if offline is not None and offline not in names():
        raise InputError(f"data.offline: unknown data set {offline!r}{nearest(offline, names())}")
    if name == glyphs.NAME:
        images = resize.fit_table(glyphs.load(), image_size, channels, fit)
    elif name in torchvision_sets.SETS:
        try:
            loaded = torchvision_sets.load(name, root, image_size, progress)
        except torchvision_sets.Unavailable as error:
            if offline is None:
                raise InputError(str(error)) from None
            return _instead(
                load(offline, root=root, validation=validation, image_size=image_size,
                     channels=channels, fit=fit, progress=progress),
                name,
            )  # fmt: skip
        images = resize.fit_table(loaded, image_size, channels, fit)
    elif Path(name).is_dir():
        images = folder.load(Path(name), image_size, channels, fit, progress)
    else:
        raise InputError(
            f"unknown data set {name!r}{nearest(name, names())}, and there is no folder of that "
            f"name; use a folder of pictures or one of {', '.join(names())}"
        )
    return images.with_validation(validation)


def names() -> list[str]:
    """The data sets that have a name."""
    return [glyphs.NAME, *torchvision_sets.SETS]


def sets(root: Path | None = None) -> list[Listed]:
    """Describe every named set, and say whether it is at hand."""
    root = root or default_root()
    rows = [Listed(glyphs.NAME, (1, 28, 28), 12_000, 2_000, 10, "in the package")]
    for name, described in torchvision_sets.SETS.items():
        at_hand = torchvision_sets.on_disk(name, root)
        note = f"in {root}" if at_hand else "downloaded when it is used"
        rows.append(Listed(name, described.image_shape, described.train, described.test,
                           described.classes, note))  # fmt: skip
    return rows


def _instead(images: Images, wanted: str) -> Images:
    note = (
        f"{wanted} is neither on disk nor downloadable: taking {images.name} instead, "
        "as data.offline says"
    )
    return replace(images, notes=(note, *images.notes))
