"""Images that are given to be measured: a folder of pictures, an array, or a tensor.

Nothing is resized or rescaled: images of another size, another number of channels or another
range of values than those of the data set are refused.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genmodels.data import arrays, class_names, layout, picture_sizes, tables
from genmodels.data.images import Images, ReportProgress
from genmodels.data.workers import Broken, Pictures
from genmodels.errors import InputError, readable_name
from genmodels.system import randomness

OUTSIDE = 1e-3  # tolerance of values outside [0, 1], for rounding
DTYPES = ("uint8", "float16", "float32", "float64")  # of arrays


@dataclass(frozen=True, eq=False)
class GivenSource:
    """Where given images are.

    Attributes:
        name: of the images, for tables.
        path: of a folder of pictures or of an array's file; None for images in memory.
        pixels: images in memory: (N, C, H, W), (N, H, W, C), or (N, H, W) for grey.
    """

    name: str
    path: Path | None = None
    pixels: Tensor | None = None

    def __str__(self) -> str:
        return self.name if self.path is None else str(self.path)


@dataclass(frozen=True, eq=False, repr=False)
class GivenImages:
    """Given images, checked, in the size and with the channels of a data set.

    Attributes:
        source: where they are from.
        pixels: (N, C, H, W), uint8, or float in [0, 1]; in memory or memory-mapped.
        labels: (N,), int64, classes of the data set; None if they are not known.
    """

    source: GivenSource
    pixels: Tensor
    labels: Tensor | None = None

    def __repr__(self) -> str:
        return f"<GivenImages {self.source}: {len(self.pixels):,}>"

    def chosen(self, count: int) -> "GivenImages":
        """Return the first images of a random order that is the same each time."""
        generator = randomness.generator(0, "given images")
        rows = torch.randperm(len(self.pixels), generator=generator)[:count]
        labels = None if self.labels is None else self.labels[rows]
        return GivenImages(self.source, self.pixels[rows], labels)

    def blocks(self, size: int) -> Iterator[Tensor]:
        """Yield the images in blocks (n, C, H, W), float32 in [0, 1]."""
        for block in self.pixels.split(size):
            yield block.float().div_(255) if block.dtype == torch.uint8 else block.float()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of pixels and labels."""
        found = hashlib.sha256(f"{self.pixels.dtype} {tuple(self.pixels.shape)}".encode())
        found.update(self.pixels.contiguous().view(torch.uint8).numpy().data)
        if self.labels is not None:
            found.update(self.labels.contiguous().numpy().data)
        return found.hexdigest()


def source_of(path: Path) -> GivenSource | None:
    """Return the images at a path; None if it is neither an array's file nor has pictures."""
    if path.suffix.lower() in arrays.EXTENSIONS and not os.path.isdir(path):
        return GivenSource(path.name, path)
    if os.path.isdir(path) and layout.has_pictures(path):  # false for impossible paths too
        return GivenSource(path.absolute().name, path)
    return None


def read(source: GivenSource, images: Images, fewest: int, progress: ReportProgress) -> GivenImages:
    """Read given images, which must look like those of a data set.

    Args:
        source: where they are.
        images: the data set.
        fewest: how many are needed.
        progress: called with (what, done, total).

    Raises:
        InputError: they cannot be read; their size, channels, values or labels are not those of
            the data set; or they are too few.
    """
    if source.path is not None and source.path.suffix.lower() not in arrays.EXTENSIONS:
        pixels, labels = _pictures(source.path, images, progress)
    else:
        pixels, labels = _array(source, images)
    if len(pixels) < fewest:
        raise InputError(
            f"{source} has {len(pixels)} image{'' if len(pixels) == 1 else 's'}; {fewest} or more "
            "are needed to compare: give more"
        )
    return GivenImages(source, pixels, labels if images.labels is not None else None)


def outside(pixels: Tensor) -> tuple[float, float] | None:
    """Return the range of floats that leave [0, 1]; None if none does, and for uint8."""
    if pixels.dtype == torch.uint8:
        return None
    low, high = (end.item() for end in pixels.detach().aminmax())
    inside = low >= -OUTSIDE and high <= 1 + OUTSIDE  # false for NaN
    return None if inside else (low, high)


def _pictures(path: Path, images: Images, progress: ReportProgress) -> tuple[Tensor, Tensor | None]:
    """Read a folder of pictures, and the labels that its folders are named after."""
    place = path.resolve()
    listing = layout.read(place, "hash")
    channels, height, width = images.image_shape
    sizes = picture_sizes.count(place, listing.files)
    if set(sizes) - {(height, width)}:
        raise InputError(
            f"{path}: its pictures have {picture_sizes.described(sizes)}, and those of "
            f"{images.name} {width}x{height}; write them in that size"
        )
    side = height if height == width else None
    try:
        table = tables.load(
            Pictures(place, listing.files, side, 3 if channels == 3 else "auto", "crop"), progress
        )
    except Broken as error:
        raise InputError(f"{error.what}; replace or remove them") from None
    if table.images.shape[1] != channels:
        raise InputError(
            f"{path}: its pictures have colour, and those of {images.name} are grey; write them "
            "in grey"
        )
    labels = None
    known = class_names.numbers(images.classes)
    only = readable_name(listing.inner.rpartition("/")[2])
    if images.labels is not None and only in known:
        labels = torch.full((len(table.files),), known[only])
    elif images.labels is not None and listing.classes:
        if strange := [name for name in listing.classes if name not in known]:
            raise InputError(
                f"{path}: its folder {strange[0]} is no class of {images.name}; name folders by "
                f"{class_names.listed(images.classes)}, or put all pictures into one"
            )
        numbers = [known[name] for name in listing.classes]
        labels = torch.tensor([numbers[listing.labels[file]] for file in table.files])
    return table.images, labels


def _array(source: GivenSource, images: Images) -> tuple[Tensor, Tensor | None]:
    """Read an array of images, or take those in memory, and their labels."""
    found = None
    if source.path is None:
        assert source.pixels is not None
        pixels = source.pixels.detach().cpu()
    else:
        array, found = arrays.read(source.path)
        pixels = tensor_of(array, str(source))
    fitting = _channels_first(pixels, images.image_shape)
    if fitting is None:
        channels, height, width = images.image_shape
        grey = f", or (N, {height}, {width})" if channels == 1 else ""
        raise InputError(
            f"{source}: an array {tuple(pixels.shape)}, and the images of {images.name} are "
            f"{channels}x{height}x{width}; give (N, {channels}, {height}, {width}), (N, {height}, "
            f"{width}, {channels}){grey}"
        )
    if len(fitting) and (values := outside(fitting)):
        raise InputError(
            f"{source}: values from {values[0]:.3g} to {values[1]:.3g}; give uint8, or floats in "
            "[0, 1]: of floats x in [-1, 1] that is (x + 1) / 2, in [0, 255] x / 255"
        )
    labels = None if found is None else _labels(found, len(fitting), images, str(source))
    return fitting, labels


def tensor_of(array: np.ndarray, source: str) -> Tensor:
    """Return an array of images as a tensor.

    Raises:
        InputError: its values are neither uint8 nor floats.
    """
    if array.dtype.name not in DTYPES:
        raise InputError(
            f"{source}: values of type {array.dtype.name}; give uint8, or floats in [0, 1]"
        )
    plain = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))
    return torch.from_numpy(plain if plain.flags.writeable else plain.copy())


def _channels_first(pixels: Tensor, image_shape: Sequence[int]) -> Tensor | None:
    """Return images as (N, C, H, W); None if they have another shape than those of the data."""
    channels, height, width = image_shape
    shape = tuple(pixels.shape[1:])
    if shape == (channels, height, width):
        return pixels
    if shape == (height, width, channels):
        return pixels.permute(0, 3, 1, 2)
    if shape == (height, width) and channels == 1:
        return pixels.unsqueeze(1)
    return None


def _labels(array: np.ndarray, count: int, images: Images, source: str) -> Tensor | None:
    """Check the labels of an archive; None if the data set has no classes."""
    if images.labels is None:
        return None
    last = len(images.classes) - 1
    if not (
        array.dtype.kind in "iu"
        and array.shape == (count,)
        and (not count or (array.min() >= 0 and array.max() <= last))
    ):
        raise InputError(
            f"{source}: its labels must be {count:,} integers from 0 to {last}, the classes of "
            f"{images.name}; correct them, or leave them out"
        )
    return torch.from_numpy(array.astype(np.int64))
