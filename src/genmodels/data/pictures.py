"""Images in, files out: grids, PNG, GIF and arrays.

Images are (N, C, H, W), float in [0, 1] or uint8; nothing is stretched or centred on the
way, 0 is black and 1 is white.
"""

import math
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from genmodels.errors import InputError
from genmodels.system import files

GAP = 2  # pixels between the pictures of a grid
SMALLEST_SIDE = 480  # a grid is enlarged by a whole factor until it is about this wide


def to_uint8(images: Tensor) -> Tensor:
    """Round [0, 1] to 0…255, on the CPU; uint8 passes through."""
    if images.dtype == torch.uint8:
        return images.cpu()
    return images.detach().float().clamp(0, 1).mul(255).round().to(torch.uint8).cpu()


def grid(images: Tensor, columns: int | None = None, enlarge: bool = True) -> Tensor:
    """Lay images out in rows.

    Args:
        images: (N, C, H, W).
        columns: images in a row; by default as square as possible.
        enlarge: repeat pixels, so that small images can be seen.

    Returns:
        (C, height, width), uint8, with a grey gap between the images.
    """
    pixels = to_uint8(images)
    count, channels, height, width = pixels.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = torch.full(
        (channels, rows * (height + GAP) + GAP, columns * (width + GAP) + GAP),
        48,
        dtype=torch.uint8,
    )
    for index, picture in enumerate(pixels):
        top = GAP + index // columns * (height + GAP)
        left = GAP + index % columns * (width + GAP)
        sheet[:, top : top + height, left : left + width] = picture
    factor = max(1, round(SMALLEST_SIDE / sheet.shape[2])) if enlarge else 1
    return sheet.repeat_interleave(factor, 1).repeat_interleave(factor, 2)


def save_png(image: Tensor, path: Path) -> None:
    """Write one image (C, H, W), whole or not at all."""
    files.save_with(path, lambda temporary: picture(image).save(temporary, format="PNG"))


def save_gif(frames: Sequence[Tensor], path: Path, seconds: float = 0.12) -> None:
    """Write images (C, H, W) as an animation that runs there and back for ever."""
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
    """Name a PNG by what it shows and by what was given for it: ``seed-0-steps-3.png``.

    Args:
        what: as it is without anything given.
        given: names → values; None is not given.
    """
    words = [what, *(f"{key}-{value}" for key, value in given.items() if value is not None)]
    return re.sub(r"[^\w.,=+-]", "_", "-".join(words)) + ".png"


def check_walk(path: Path) -> None:
    """Say whether a walk can be written under a name, before it is made.

    Raises:
        InputError: the extension is neither ``.png`` nor ``.gif``.
    """
    if path.suffix not in (".png", ".gif"):
        raise InputError(f"--out {path} has the extension {path.suffix!r}; use .png or .gif")


def save_walk(frames: Tensor, path: Path) -> None:
    """Write a walk (rows, steps, C, H, W): a ``.png`` with a row each, or a ``.gif``."""
    check_walk(path)
    if path.suffix == ".png":
        save_png(grid(frames.flatten(0, 1), frames.shape[1]), path)
    else:
        save_gif([grid(frames[:, i]) for i in range(frames.shape[1])], path)


def picture(image: Tensor) -> Image.Image:
    """(C, H, W) with one or three channels → a PIL image."""
    pixels = to_uint8(image)
    array = pixels[0].numpy() if len(pixels) == 1 else pixels.permute(1, 2, 0).numpy()
    return Image.fromarray(np.ascontiguousarray(array))


def check_output(path: Path) -> None:
    """Say whether images can be written under a name, before hours are spent.

    Raises:
        InputError: the extension says no known format, or the folder has something in it.
    """
    if path.suffix == "" and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(
            f"--out {path} exists and is no empty folder; choose another, or add .png for a grid"
        )
    if path.suffix not in ("", ".png", ".npy", ".npz"):
        raise InputError(
            f"--out {path} has the extension {path.suffix!r}; use .png for a grid, .npy or .npz "
            "for an array, or none for a folder of PNG files"
        )


def save(chunks: Iterable[Tensor], count: int, path: Path, columns: int | None = None) -> None:
    """Write images as the extension says: a ``.png`` grid, ``.npy`` or ``.npz`` as uint8
    (N, C, H, W), or a folder of PNG files. Arrays and folders take bounded memory.

    Args:
        chunks: (n, C, H, W) each.
        count: how many images there are in all.
        columns: of a grid; by default as square as possible.

    Raises:
        InputError: an unknown extension, or the disk is full.
    """
    check_output(path)
    if path.suffix == ".png":
        save_png(grid(torch.cat([to_uint8(chunk) for chunk in chunks]), columns), path)
    elif path.suffix:
        files.save_with(path, lambda temporary: _save_array(chunks, count, temporary, path.suffix))
    else:
        path.mkdir(parents=True, exist_ok=True)
        digits = len(str(count - 1))
        number = 0
        for chunk in chunks:
            for image in chunk:
                save_png(image, path / f"{number:0{digits}d}.png")
                number += 1


def array_header(shape: Sequence[int]) -> bytes:
    """What a ``.npy`` file of uint8 in this shape begins with; its rows follow in order."""
    file = BytesIO()
    described = {"descr": "|u1", "fortran_order": False, "shape": tuple(shape)}
    np.lib.format.write_array_header_1_0(file, described)
    return file.getvalue()


def _save_array(chunks: Iterable[Tensor], count: int, path: Path, suffix: str) -> None:
    """Plain writes, since a full disk would kill whoever writes to a map."""
    with ExitStack() as stack:
        if suffix == ".npz":
            archive = stack.enter_context(zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED))
            file = stack.enter_context(archive.open("images.npy", "w", force_zip64=True))
        else:
            file = stack.enter_context(path.open("wb"))
        for number, chunk in enumerate(chunks):
            pixels = to_uint8(chunk).numpy()
            if number == 0:
                file.write(array_header((count, *pixels.shape[1:])))
            file.write(np.ascontiguousarray(pixels).tobytes())
