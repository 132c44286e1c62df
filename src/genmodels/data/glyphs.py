"""The embedded data set: the digits 0 to 9 in the faces that matplotlib bundles.

12,000 training and 2,000 test images of 28x28 in grey, white on black, each with the factors
that made it. The package contains the finished table, so its bytes are the same on every
machine. ``scripts/make_glyphs.py`` makes the table.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
import torch

from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.errors import InputError

NAME = "glyphs"
TRAIN_COUNT = 12_000
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
    """The factors of each image, as arrays of (14000,), training images first.

    Attributes:
        face: number of the face in ``FACES``.
        rotation: degrees.
        scale, width: size, and width besides, relative to the plain digit.
        shear: horizontal shift for each unit of height.
        shift_x, shift_y: pixels.
        weight: eighths of a pixel added to each side of a stroke.
        elastic: standard deviation of the bending, in pixels.
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


def load() -> Images:
    """Read the embedded set.

    Raises:
        InputError: the package's file is damaged.
    """
    arrays = _arrays()
    table = torch.from_numpy(arrays["images"])
    rows = torch.arange(len(table))
    splits = {TRAIN: rows[:TRAIN_COUNT], VALIDATION: rows[:0], TEST: rows[TRAIN_COUNT:]}
    labels = torch.from_numpy(arrays["labels"]).long()
    return Images(NAME, table, splits, labels, tuple("0123456789"))


def factors() -> Factors:
    """Read the factors of the images.

    Raises:
        InputError: the package's file is damaged.
    """
    arrays = _arrays()
    return Factors(**{name: arrays[name] for name in Factors.__dataclass_fields__})


def digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Compute SHA-256 over the names, shapes and bytes of arrays, in the order of names."""
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
