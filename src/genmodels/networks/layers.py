"""Layers shared by encoders and decoders."""

import math
from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels.config.number_types import KeyOf
from genmodels.errors import InputError

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
Activation = Annotated[str, KeyOf(ACTIVATIONS)]
BATCH_NORMALIZATIONS = (
    nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm,
    nn.LazyBatchNorm1d, nn.LazyBatchNorm2d, nn.LazyBatchNorm3d,
)  # fmt: skip
GROUP = 16  # channels of a group, as Wu & He, Group Normalization (2018), table 3

# Memory format of convolutional networks. The channels of a pixel are adjacent: this makes decoders
# 1.5 to 2.0 times as fast on a CPU, and encoders 0.9 to 1.2 times; benchmarks/orders.py.
ORDER = torch.channels_last

Size = tuple[int, int]
SMALLEST = 2  # pixels; a smaller level would be mostly padding to a kernel


def pyramid(
    image_shape: tuple[int, int, int], depth: int, remedy: str, patch: int = 1
) -> list[Size]:
    """Return the sizes of all levels, from the image to the innermost, ``depth + 1`` of them.

    Each level is half as high and wide as the one before it, rounding up. With ``patch``, sizes
    count patches instead of pixels.

    Raises:
        InputError: the image is too small for so many levels; ``remedy`` says what to set.
    """
    sizes = [(math.ceil(image_shape[1] / patch), math.ceil(image_shape[2] / patch))]
    for _ in range(depth):
        height, width = sizes[-1]
        sizes.append((math.ceil(height / 2), math.ceil(width / 2)))
    if min(sizes[-1]) < SMALLEST:
        least = patch * 2**depth + 1
        raise InputError(
            f"images of {image_shape[1]}x{image_shape[2]} are too small for a network of "
            f"{depth} levels, which takes {least}x{least} or more; give {remedy}, or use larger "
            "images"
        )
    return sizes


def activation(name: Activation) -> nn.Module:
    """Build an activation by name; ``leaky_relu`` has the slope 0.2 of Radford et al. (2016)."""
    return ACTIVATIONS[name]()


def _batch(channels: int, dimensions: int) -> list[nn.Module]:
    return [nn.BatchNorm2d(channels) if dimensions == 2 else nn.BatchNorm1d(channels)]


def _group(channels: int, dimensions: int) -> list[nn.Module]:
    """Groups have ``GROUP`` channels, or the next smaller number that divides ``channels``.

    Raises:
        InputError: groups of features without further dimensions would have one or two numbers,
            of which normalisation would leave only the signs.
    """
    size = next(size for size in range(GROUP, 0, -1) if channels % size == 0)
    if dimensions == 0 and size <= 2:
        raise InputError(
            f"{channels} features make no groups of 3 to {GROUP} to normalise; give a multiple "
            f"of {GROUP}, or normalization: batch or none"
        )
    return [nn.GroupNorm(channels // size, channels)]


NORMALIZATIONS: dict[str, Callable[[int, int], list[nn.Module]]] = {
    "none": lambda channels, dimensions: [],
    "batch": _batch,
    "group": _group,
}
Normalization = Annotated[str, KeyOf(NORMALIZATIONS)]


def normalization(name: Normalization, channels: int, dimensions: int) -> list[nn.Module]:
    """Build the layers that normalise features (B, channels, …) with 0 or 2 further dimensions.

    Returns:
        A list of one layer; an empty list for ``none``.

    Raises:
        InputError: the features cannot be normalised so.
    """
    return NORMALIZATIONS[name](channels, dimensions)


def spectrally_normalized(network: nn.Module) -> nn.Module:
    """Divide the weight of each layer by its largest singular value.

    Each forward pass makes one power iteration: Miyato et al., Spectral Normalization for GANs
    (2018), algorithm 1.
    """
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
            nn.utils.parametrizations.spectral_norm(layer)
    return network


class FromImages(nn.Sequential):
    """A sequence of layers that converts its input images to the memory format ``ORDER``."""

    def forward(self, images: Tensor) -> Tensor:
        """Return the output of the last layer for images (B, C, H, W)."""
        ordered = images.contiguous(memory_format=ORDER)
        return super().forward(ordered)  # type: ignore[no-untyped-call]


class ToImages(nn.Unflatten):
    """A layer that reshapes features to images in the memory format ``ORDER``."""

    def forward(self, features: Tensor) -> Tensor:
        """Reshape features: (B, C · H · W) → (B, C, H, W)."""
        images: Tensor = super().forward(features)
        return images.contiguous(memory_format=ORDER)


LEVELS = 1 << 15  # of the probability of keeping a unit


class Dropout(nn.Module):
    """Dropout (Srivastava et al., 2014), faster than PyTorch's on a CPU.

    While training, units are dropped at random and the others scaled so that the mean stays the
    same. On a CPU, PyTorch draws 64 random bits for each unit, which took a fifth of a step of
    the report's GAN. Here 64 bits serve four units, so the probability of keeping a unit is
    rounded to a multiple of 2^-15.

    Args:
        share: of the units that are dropped, in [0, 1).
    """

    def __init__(self, share: float):
        super().__init__()
        self.share = share
        self.kept = max(1, round((1 - share) * LEVELS))

    def forward(self, values: Tensor) -> Tensor:
        """Drop units of an input of any shape."""
        if not self.training or self.kept == LEVELS:
            return values
        if values.device.type != "cpu":
            return F.dropout(values, self.share)
        draws = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_()  # 63 bits
        levels = draws.view(torch.int16)[: values.numel()].view(values.shape) & (LEVELS - 1)
        keep = (levels < self.kept).to(values.dtype)
        return values * keep.mul_(LEVELS / self.kept)

    def extra_repr(self) -> str:
        """Return the settings for ``repr``."""
        return f"share={self.share}"


def mixes_images(network: nn.Module) -> bool:
    """Return whether an image's output depends on the other images of its batch."""
    return any(isinstance(layer, BATCH_NORMALIZATIONS) for layer in network.modules())


class Resize(nn.Module):
    """Nearest-neighbour upsampling to a size given at construction.

    Resizing before a convolution leaves no checkerboard, unlike a transposed convolution
    (Odena et al., Deconvolution and Checkerboard Artifacts, 2016).
    """

    def __init__(self, size: Size):
        super().__init__()
        self.size = size

    def forward(self, images: Tensor) -> Tensor:
        """Resize images: (B, C, h, w) → (B, C, *size)."""
        return F.interpolate(images, size=self.size, mode="nearest")
