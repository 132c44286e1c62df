"""File formats of images and of interpolation frames: one row of :data:`FORMATS` each.

Writers import what they need when they write: the command line's help lists the formats.
"""

import zipfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from genmodels.errors import InputError, argument
from genmodels.system import files

if TYPE_CHECKING:
    from torch import Tensor

Kind = Literal["images", "frames"]


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes:
        kind: ``images``, or the ``frames`` of interpolations.
        extension: of the file's name; empty for a folder.
        description: its description in messages, with an article.
        write: for ``images`` called with the arguments of :func:`save_images`, for ``frames``
            with those of :func:`save_frames`.
        columns: whether it is a grid whose number of columns can be chosen.
    """

    kind: Kind
    extension: str
    description: str
    write: Callable[..., None]
    columns: bool = False


def save_images(
    chunks: "Iterable[Tensor]", count: int, path: Path, columns: int | None = None
) -> None:
    """Write images in the format of the path's extension.

    A grid holds all images in memory; arrays and folders hold one chunk at a time.

    Args:
        chunks: (n, C, H, W) each.
        count: total number of images.
        path: of the file or folder.
        columns: of a grid; by default it is as square as possible.

    Raises:
        InputError: the extension is unknown, or the disk is full.
    """
    check("images", path).write(chunks, count, path, columns)


def save_frames(frames: "Tensor", path: Path) -> None:
    """Write frames (rows, steps, C, H, W) in the format of the path's extension.

    Raises:
        InputError: the extension is unknown, or the disk is full.
    """
    check("frames", path).write(frames, path)


def check_new(kind: Kind, path: Path) -> Format:
    """Return the format of a path at which there is no file yet; the command line replaces none.

    Raises:
        InputError: as for :func:`check`, or there is a file.
    """
    found = check(kind, path)
    if found.extension and path.exists():
        raise InputError(f"`path={argument(path)}` exists; delete it, or choose another `path`")
    return found


def check(kind: Kind, path: Path) -> Format:
    """Return the format of a path.

    Raises:
        InputError: the extension is unknown, or it is that of a folder, and the path exists and
            is not an empty folder, or nothing can be written there.
    """
    accepted = [each for each in FORMATS if each.kind == kind]
    found = next((each for each in accepted if each.extension == path.suffix), None)
    if found is None:
        raise InputError(
            f"`path={argument(path)}` has the extension {path.suffix!r}; use {listed(kind)}"
        )
    if not found.extension and path.exists() and (not path.is_dir() or any(path.iterdir())):
        file = next(each for each in accepted if each.extension)
        raise InputError(
            f"`path={argument(path)}` exists and is not an empty folder; choose another, or add "
            f"{file.extension} for {file.description}"
        )
    if why := files.obstacle(path.parent):
        raise InputError(f"`path={argument(path)}` cannot be written, {why}; choose another `path`")
    return found


def listed(kind: Kind) -> str:
    """List the formats: ``.png for a grid, … or no extension for a folder of PNG files``."""
    words = [
        f"{each.extension or 'no extension'} for {each.description}"
        for each in FORMATS
        if each.kind == kind
    ]
    return " or ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


def _grid(chunks: "Iterable[Tensor]", count: int, path: Path, columns: int | None) -> None:
    import torch

    from genmodels.data.pictures import grid, grid_size, save_png, to_uint8

    pixels: list[Tensor] = []
    for chunk in chunks:
        grid_size(count, chunk.shape[1:], columns)  # refused before all images are made
        pixels.append(to_uint8(chunk))
    save_png(grid(torch.cat(pixels), columns), path)


def _npy(chunks: "Iterable[Tensor]", count: int, path: Path, columns: int | None) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            _write_array(chunks, count, file)

    files.save_with(path, write)


def _npz(chunks: "Iterable[Tensor]", count: int, path: Path, columns: int | None) -> None:
    def write(temporary: Path) -> None:
        with ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED))
            file = stack.enter_context(archive.open("images.npy", "w", force_zip64=True))
            _write_array(chunks, count, file)

    files.save_with(path, write)


def _write_array(chunks: "Iterable[Tensor]", count: int, file: IO[bytes]) -> None:
    """Write (N, C, H, W), uint8. It is not memory-mapped: a full disk would kill the process."""
    from genmodels.data.pictures import array_header, to_uint8

    for number, chunk in enumerate(chunks):
        pixels = to_uint8(chunk)
        if number == 0:
            file.write(array_header((count, *pixels.shape[1:])))
        file.write(pixels.numpy().tobytes())


def _folder(chunks: "Iterable[Tensor]", count: int, path: Path, columns: int | None) -> None:
    from genmodels.data.pictures import save_png

    digits = len(str(count - 1))
    number = 0
    for chunk in chunks:
        for image in chunk:
            save_png(image, path / f"{number:0{digits}d}.png")
            number += 1


def _rows(frames: "Tensor", path: Path) -> None:
    from genmodels.data.pictures import grid, save_png

    save_png(grid(frames.flatten(0, 1), frames.shape[1]), path)


def _animation(frames: "Tensor", path: Path) -> None:
    from genmodels.data.pictures import grid, save_gif

    save_gif([grid(frames[:, i]) for i in range(frames.shape[1])], path)


#: All formats, of images first; the extension of a path chooses one.
FORMATS: tuple[Format, ...] = (
    Format("images", ".png", "a grid", _grid, columns=True),
    Format("images", ".npy", "an array", _npy),
    Format("images", ".npz", "a compressed array", _npz),
    Format("images", "", "a folder of PNG files", _folder),
    Format("frames", ".png", "a row for each interpolation", _rows),
    Format("frames", ".gif", "an animation", _animation),
)
