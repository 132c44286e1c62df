"""Decoding of a picture's file to an array: upright, opaque, 8 bits, in the requested size.

Transparent parts become white. 16 bits are scaled to 8. Floats outside [0, 1] are an error,
because they do not define white. Tables and single pictures use the same decoder.
"""

import struct
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from genmodels.errors import InputError

# What Pillow has a reader for and is no picture: stubs without a decoder, vectors, video.
NO_PICTURES = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "WMF"})
FILTER = Image.Resampling.BICUBIC  # antialiased, as in resize.py
# Errors of Pillow's readers on damaged files.
BROKEN = (
    OSError, EOFError, SyntaxError, ValueError, LookupError, TypeError, OverflowError,
    NotImplementedError, struct.error, Image.DecompressionBombError,
)  # fmt: skip
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations that swap height and width

Channels = Literal["auto", 1, 3]
Fit = Literal["crop", "pad"]


def extensions() -> frozenset[str]:
    """Return the extensions, such as ``.png``, of the pictures that the installed Pillow opens."""
    Image.init()
    readable = {*Image.OPEN, "MPO"} - NO_PICTURES  # the reader of JPEG opens MPO too
    return frozenset(
        extension for extension, kind in Image.registered_extensions().items() if kind in readable
    )


def decode(path: Path, size: tuple[int, int], channels: Channels, fit: Fit) -> np.ndarray:
    """Decode a picture, or the first frame of an animation.

    Args:
        path: of the file.
        size: (height, width).
        channels: 1 for grey, 3 for colour, ``auto`` for 1 if the picture has no colour, else 3.
        fit: if the aspect ratio differs: ``crop`` the middle, or ``pad`` with black.

    Returns:
        (C, height, width), uint8.

    Raises:
        BROKEN: the file is not a picture, or cannot be decoded.
    """
    height, width = size
    with Image.open(path) as opened:
        opened.draft(None, (2 * width, 2 * height))  # faster: decodes a JPEG in reduced size
        upright = ImageOps.exif_transpose(opened)
        flat = _opaque(_eight_bits(upright))
        grey = channels == 1 or (channels == "auto" and flat.mode in ("1", "L"))
        fitted = _fitted(flat.convert("L" if grey else "RGB"), (width, height), fit)
    array = np.asarray(fitted)
    if grey:
        return array[None]
    if channels == "auto" and (array == array[..., :1]).all():
        return array[None, ..., 0]
    return array.transpose(2, 0, 1)


def read(path: Path, image_shape: tuple[int, int, int], fit: Fit) -> Tensor:
    """Read one picture in the shape of a data set's images.

    Args:
        path: of the file.
        image_shape: (C, H, W) of the data set.
        fit: as :func:`decode` takes it.

    Returns:
        (C, H, W), float32 in [0, 1].

    Raises:
        InputError: the file is missing or is not a picture.
    """
    channels, height, width = image_shape
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="PIL")
            array = decode(path, (height, width), 1 if channels == 1 else 3, fit)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}; give a picture") from None
    except BROKEN as error:
        raise InputError(f"{path} cannot be read: {reason(error)}; give a picture") from None
    return torch.tensor(array).float().div_(255)


def reason(error: BaseException) -> str:
    """Return the reason of an error in a few words, without the picture's path."""
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def size(path: Path) -> tuple[int, int]:
    """Return (height, width) of the upright picture, from the file's header.

    Raises:
        BROKEN: the file is not a picture.
    """
    with Image.open(path) as opened:
        sideways = opened.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS
        if sideways and opened.format == "TIFF":
            opened.load()  # Pillow rotates a TIFF itself, in some versions only when it loads it
            sideways = False
        width, height = opened.size
    return (width, height) if sideways else (height, width)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Scale grey pictures with more than 8 bits to 0…255."""
    if picture.mode != "F" and not picture.mode.startswith("I"):
        return picture
    values = np.asarray(picture).astype(np.float64)
    white = 1.0 if picture.mode == "F" else 65535.0
    if not (values.min() >= 0 and values.max() <= white):  # negated, so that NaN is an error too
        raise ValueError(
            f"values from {values.min():g} to {values.max():g}, accepted are 0 to {white:g}"
        )
    return Image.fromarray((values * (255 / white)).round().astype(np.uint8))


def _opaque(picture: Image.Image) -> Image.Image:
    """Replace transparent parts by white."""
    if not picture.has_transparency_data:
        return picture
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def _fitted(picture: Image.Image, shape: tuple[int, int], fit: Fit) -> Image.Image:
    """Resize to (width, height): crop the middle, or pad with black."""
    if picture.size == shape:
        return picture
    if fit == "pad":
        return ImageOps.pad(picture, shape, FILTER, color=0)
    return ImageOps.fit(picture, shape, FILTER)
