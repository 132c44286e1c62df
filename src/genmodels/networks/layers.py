"""Layers shared by encoders and decoders."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from genmodels.errors import InputError

Activation = Literal["relu", "leaky_relu", "silu", "tanh"]
Normalization = Literal["none", "batch", "group"]
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
GROUP = 16  # channels of a group, as Wu & He, Group Normalization (2018), table 3

# Of the values of convolutional networks in memory, all channels of a pixel together: decoders
# are 1.5 to 2.0 times as fast on a CPU, encoders 0.9 to 1.2 times; benchmarks/orders.py.
ORDER = torch.channels_last

Size = tuple[int, int]
SMALLEST = 2  # pixels: a level below this holds nothing that a 4x4 kernel could use


def pyramid(
    image_shape: tuple[int, int, int], depth: int, remedy: str, patch: int = 1
) -> list[Size]:
    """The sizes from the image, in patches of pixels, to the innermost level, ``depth + 1`` of
    them; each is half the one before it, rounding up.

    Raises:
        InputError: the image is too small for that many levels; ``remedy`` says what to set.
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
    """An activation by name; ``leaky_relu`` has the slope 0.2 of Radford et al. (2016)."""
    return ACTIVATIONS[name]()


def normalization(name: Normalization, channels: int, dimensions: int) -> list[nn.Module]:
    """The layers that normalise features of (B, channels, …) with 0 or 2 further dimensions.

    Groups have ``GROUP`` channels, or the nearest smaller number that divides them all.

    Returns:
        An empty list for ``none``: there is no such layer then.

    Raises:
        InputError: features without further dimensions would make groups of one or two numbers,
            of which nothing but a sign is left.
    """
    if name == "none":
        return []
    if name == "group":
        size = next(size for size in range(GROUP, 0, -1) if channels % size == 0)
        if dimensions == 0 and size <= 2:
            raise InputError(
                f"{channels} features make no groups of 3 to {GROUP} to normalise; give a multiple "
                f"of {GROUP}, or normalization: batch or none"
            )
        return [nn.GroupNorm(channels // size, channels)]
    return [nn.BatchNorm2d(channels) if dimensions == 2 else nn.BatchNorm1d(channels)]


def spectrally_normalized(network: nn.Module) -> nn.Module:
    """Divide each layer's weight by its largest singular value, by one power iteration a
    forward pass: Miyato et al., Spectral Normalization for GANs (2018), algorithm 1."""
    for layer in list(network.modules()):
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.Embedding):
            nn.utils.parametrizations.spectral_norm(layer)
    return network


class FromImages(nn.Sequential):
    """Layers one after the other, the first of which is given images in ``ORDER``."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → the output of the last layer."""
        ordered = images.contiguous(memory_format=ORDER)
        return super().forward(ordered)  # type: ignore[no-untyped-call]


class ToImages(nn.Unflatten):
    """Features (B, C · H · W) → (B, C, H, W) in ``ORDER``."""

    def forward(self, features: Tensor) -> Tensor:
        """(B, C · H · W) → (B, C, H, W)."""
        images: Tensor = super().forward(features)
        return images.contiguous(memory_format=ORDER)


LEVELS = 1 << 15  # of the probability that a unit is kept


class Dropout(nn.Module):
    """Drop units at random while training (Srivastava et al., 2014), scaled so that the mean stays.

    PyTorch's own draws 64 random bits a unit, one after the other, on a CPU: a fifth of the
    report's GAN's step. Here a draw serves four units, each kept with a probability that is
    a multiple of 2^-15.

    Args:
        share: of the units that are dropped, in [0, 1).
    """

    def __init__(self, share: float):
        super().__init__()
        self.share = share
        self.kept = max(1, round((1 - share) * LEVELS))

    def forward(self, values: Tensor) -> Tensor:
        """Any shape → the same."""
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
    return any(isinstance(layer, _BatchNorm) for layer in network.modules())


class Resize(nn.Module):
    """Repeat pixels up to a recorded size.

    Resizing and then convolving leaves no checkerboard, unlike a transposed convolution
    (Odena et al., Deconvolution and Checkerboard Artifacts, 2016).
    """

    def __init__(self, size: Size):
        super().__init__()
        self.size = size

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, h, w) → (B, C, *size)."""
        return F.interpolate(images, size=self.size, mode="nearest")
