"""Images as files, and as one picture."""

from pathlib import Path

from torch import Tensor

from genmodels.api import arguments, formats, tensors
from genmodels.data import pictures
from genmodels.data.pictures import Picture
from genmodels.errors import InputError


def save_images(images: Tensor, path: str | Path, columns: int | None = None) -> Path:
    """Write images in the format of the path's extension; a file is replaced, a folder is not.

    Args:
        images: (N, C, H, W), or frames of interpolations (rows, steps, C, H, W); float in [0, 1]
            or uint8.
        path: of the file or folder; :data:`genmodels.api.formats.FORMATS` lists the extensions
            for images and for frames.
        columns: of a grid, in which each row of frames is a row; by default the grid is as
            square as possible.

    Returns:
        The path.

    Raises:
        InputError: the tensor does not hold images, the extension is unknown, the folder is not
            empty, ``columns`` are given for something else than a grid of images, or the disk is
            full.

    >>> import genmodels
    >>> images = genmodels.sample("runs/first", count=6)
    >>> genmodels.save_images(images, "six.png", columns=3).name
    'six.png'
    >>> genmodels.save_images(3, "six.png")
    Traceback (most recent call last):
    genmodels.errors.InputError: `images`: an int; give a tensor (N, C, H, W) in [0, 1]
    """
    path, images = arguments.path("path", path), tensors.images(images)
    frames = images.dim() == 5
    found = formats.check("frames" if frames else "images", path)
    if columns is not None:
        columns = arguments.count("columns", columns)
        if not found.columns:
            raise InputError(f"`columns={columns}` is for a grid of images; leave it out")
    if frames:
        formats.save_frames(images, path)
    else:
        formats.save_images([images], len(images), path, columns)
    return path


def grid(images: Tensor, columns: int | None = None) -> Picture:
    """Arrange images in one picture, which a notebook shows.

    Args:
        images: (N, C, H, W), or frames of interpolations (rows, steps, C, H, W); float in [0, 1]
            or uint8.
        columns: images in a row; by default the grid is as square as possible, and each row of
            frames is a row.

    Raises:
        InputError: the tensor does not hold images.

    >>> from genmodels import api
    >>> api.grid(api.sample("runs/first", count=6), columns=3).size
    (460, 310)
    """
    images = tensors.images(images)
    if columns is not None:
        columns = arguments.count("columns", columns)
    if images.dim() == 5:
        columns, images = columns or images.shape[1], images.flatten(0, 1)
    return pictures.picture(pictures.grid(images, columns))
