"""The embedded data set: the digits 0 to 9 in the fonts that matplotlib bundles.

It has 12,000 training and 2,000 test images, 28x28, grey, white on black, with the factors of
variation of each image. The package contains the table, so its bytes are the same on every
machine. ``scripts/make_glyphs.py`` generated it.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch

from genmodels.data import resize
from genmodels.data.decoding import Channels, Fit
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, ReportProgress
from genmodels.data.sources import Listed
from genmodels.errors import InputError

NAME = "glyphs"
TRAIN_COUNT, TEST_COUNT = 12_000, 2_000
HASH = "af488fe24ee753998a7dbe075a5a2151678f91dd442fa6ea11a30f3b0ce097fc"
FACES = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmb10", "cmmi10", "cmr10", "cmss10", "cmtt10"),
)


@dataclass(frozen=True)
class Factors:
    """The factors of variation of all images, (14000,) each, training images first.

    Attributes:
        face: index of the font in ``FACES``.
        rotation: degrees.
        scale: size relative to the unchanged digit.
        width: additional scale of the width.
        shear: horizontal shift per unit of height.
        shift_x, shift_y: pixels.
        weight: eighths of a pixel added to each side of a stroke.
        elastic: standard deviation of the elastic deformation, in pixels.
    """

    face: np.ndarray
    rotation: np.ndarray
    scale: np.ndarray
    width: np.ndarray
    shear: np.ndarray
    shift_x: np.ndarray
    shift_y: np.ndarray
    weight: np.ndarray
    elastic: np.ndarray


def names() -> list[str]:
    """List the name of this set."""
    return [NAME]


def describe(name: str, root: Path) -> Listed:
    """Describe this set."""
    return Listed(NAME, (1, 28, 28), TRAIN_COUNT, TEST_COUNT, 10, "embedded", "in the package")


def load(
    name: str,
    root: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
) -> Images:
    """Load this set; ``root`` and ``fit`` have no effect on it.

    Raises:
        InputError: the package's file is damaged.
    """
    arrays = _arrays()
    table = torch.from_numpy(arrays["images"])
    rows = torch.arange(len(table))
    splits = {TRAIN: rows[:TRAIN_COUNT], VALIDATION: rows[:0], TEST: rows[TRAIN_COUNT:]}
    labels = torch.from_numpy(arrays["labels"]).long()
    images = Images(NAME, table, splits, labels, tuple("0123456789"))
    return resize.fit_table(images, image_size, channels)


def factors() -> Factors:
    """Read the factors of the images.

    Raises:
        InputError: the package's file is damaged.
    """
    arrays = _arrays()
    return Factors(**{name: arrays[name] for name in Factors.__dataclass_fields__})


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the SHA-256 of the names, shapes and bytes of arrays, sorted by name."""
    made = hashlib.sha256()
    for name in sorted(arrays):
        made.update(f"{name}{arrays[name].shape}".encode())
        made.update(np.ascontiguousarray(arrays[name]).data)
    return made.hexdigest()


def _arrays() -> dict[str, np.ndarray]:
    content = (resources.files("genmodels.data") / "glyphs.npz").read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if digest(arrays) != HASH:
        raise InputError("the package's file data/glyphs.npz is damaged; install genmodels again")
    return arrays
