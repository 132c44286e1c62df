"""Grids of images, and PNG and GIF files.

Images are (N, C, H, W), float in [0, 1] or uint8. 0 is black and 1 is white; values are not
rescaled.
"""

import math
import re
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from genmodels.errors import InputError
from genmodels.system import files

Picture = Image.Image
GAP = 2  # pixels between the pictures of a grid
LARGEST_SHEET = 2**31  # bytes of a grid
LARGEST_SIDE = 2**16 - 1  # pixels of a GIF
SMALLEST_SIDE = 480  # width in pixels to which a small grid is enlarged, by an integer factor


def to_uint8(images: Tensor) -> Tensor:
    """Convert images in [0, 1] to 0…255, on the CPU; uint8 images keep their values."""
    if images.dtype == torch.uint8:
        return images.cpu()
    return images.detach().float().clamp(0, 1).mul(255).round().to(torch.uint8).cpu()


def grid(images: Tensor, columns: int | None = None, enlarge: bool = True) -> Tensor:
    """Arrange images in a grid.

    Args:
        images: (N, C, H, W).
        columns: images in a row; by default the grid is as square as possible.
        enlarge: whether a small grid is enlarged by repeating pixels.

    Returns:
        (C, height, width), uint8, with a grey gap between the images.

    Raises:
        InputError: as for :func:`grid_size`.
    """
    pixels = to_uint8(images)
    height, width = pixels.shape[2:]
    columns, size = grid_size(len(pixels), pixels.shape[1:], columns)
    sheet = torch.full(size, 48, dtype=torch.uint8)
    for index, picture in enumerate(pixels):
        top = GAP + index // columns * (height + GAP)
        left = GAP + index % columns * (width + GAP)
        sheet[:, top : top + height, left : left + width] = picture
    factor = max(1, round(SMALLEST_SIDE / sheet.shape[2])) if enlarge else 1
    return sheet.repeat_interleave(factor, 1).repeat_interleave(factor, 2)


def grid_size(
    count: int, image_shape: Sequence[int], columns: int | None = None
) -> tuple[int, tuple[int, int, int]]:
    """Return the columns of a grid, and the shape (C, height, width) of its picture.

    Args:
        count: number of images.
        image_shape: (C, H, W) of each.
        columns: images in a row; by default the grid is as square as possible.

    Raises:
        InputError: the picture would take more than ``LARGEST_SHEET`` bytes.
    """
    channels, height, width = image_shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    size = (channels, rows * (height + GAP) + GAP, columns * (width + GAP) + GAP)
    if math.prod(size) > LARGEST_SHEET:
        raise InputError(
            f"a grid of {columns:,} columns and {rows:,} rows is too large for a picture; "
            "take fewer images, or write an array"
        )
    return columns, size


def save_png(image: Tensor, path: Path) -> None:
    """Write one image (C, H, W). If this fails, no incomplete file is left."""
    files.save_with(path, lambda temporary: picture(image).save(temporary, format="PNG"))


def save_gif(frames: Sequence[Tensor], path: Path, seconds: float = 0.12) -> None:
    """Write frames (C, H, W) as an endless animation, forwards and backwards.

    Args:
        frames: all of the same shape.
        path: of the file.
        seconds: duration of a frame.

    Raises:
        InputError: the format has no pictures of this size.
    """
    height, width = frames[0].shape[1:]
    if max(height, width) > LARGEST_SIDE:
        raise InputError(
            f"a GIF of {width:,} x {height:,} pixels is too large, {LARGEST_SIDE:,} a side is the "
            "most; take fewer `rows`, or write a PNG"
        )
    pictures = [picture(frame) for frame in [*frames, *frames[-2:0:-1]]]
    first, rest = pictures[0], pictures[1:]
    files.save_with(
        path,
        lambda temporary: first.save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=rest,
            duration=round(seconds * 1000),
            loop=0,
        ),
    )


def file_name(what: str, given: Mapping[str, Any]) -> str:
    """Return a name for a PNG with the given options: ``grid-seed-0-steps-3.png``.

    Args:
        what: the first part of the name.
        given: option → value; options that are None are left out.
    """
    words = [what, *(f"{key}-{value}" for key, value in given.items() if value is not None)]
    return re.sub(r"[^\w.,=+-]", "_", "-".join(words)) + ".png"


def picture(image: Tensor) -> Image.Image:
    """Convert (C, H, W) with one or three channels to a PIL image.

    Raises:
        InputError: there is another number of channels.
    """
    pixels = to_uint8(image)
    if len(pixels) not in (1, 3):
        raise InputError(
            f"`images`: a picture has 1 or 3 channels, not {len(pixels)}; write an array"
        )
    array = pixels[0].numpy() if len(pixels) == 1 else pixels.permute(1, 2, 0).numpy()
    return Image.fromarray(np.ascontiguousarray(array))


def array_header(shape: Sequence[int]) -> bytes:
    """Return the header of a ``.npy`` file of uint8 in this shape, in row-major order."""
    file = BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue()
