"""Images as files, and as one picture."""

from pathlib import Path

from torch import Tensor

from genmodels.api import arguments, formats
from genmodels.data import pictures
from genmodels.data.pictures import Picture


def save_images(images: Tensor, path: str | Path, columns: int | None = None) -> Path:
    """Write images in the format of the path's extension.

    Args:
        images: (N, C, H, W), or frames of interpolations (rows, steps, C, H, W); float in [0, 1]
            or uint8.
        path: of the file or folder; :data:`genmodels.api.formats.FORMATS` lists the extensions
            for images and for frames.
        columns: of a grid; by default it is as square as possible.

    Returns:
        The path.

    Raises:
        InputError: the tensor does not hold images, the extension is unknown, or the disk is full.

    >>> import genmodels
    >>> images = genmodels.sample("runs/first", count=6)
    >>> genmodels.save_images(images, "six.png", columns=3).name
    'six.png'
    >>> genmodels.save_images(3, "six.png")
    Traceback (most recent call last):
    genmodels.errors.InputError: `images`: an int; give a tensor (N, C, H, W) in [0, 1]
    """
    path, images = arguments.path("path", path), arguments.images(images)
    if columns is not None:
        columns = arguments.integer("columns", columns, 1)
    if images.dim() == 5:
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
    images = arguments.images(images)
    if columns is not None:
        columns = arguments.integer("columns", columns, 1)
    if images.dim() == 5:
        columns, images = columns or images.shape[1], images.flatten(0, 1)
    return pictures.picture(pictures.grid(images, columns))
