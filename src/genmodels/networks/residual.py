"""Convolutional networks of residual blocks, for any image of 8x8 or more."""

import math
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from genmodels.config.number_types import Count
from genmodels.networks.layers import (
    Activation,
    Dropout,
    FromImages,
    Normalization,
    Resize,
    Size,
    ToImages,
    activation,
    normalization,
    pyramid,
)

INNERMOST = 8  # pixels; a level with a shorter side is not halved further
WIDEST = 4  # largest number of channels, in multiples of the outermost level's


@dataclass(frozen=True)
class Residual:
    """A mirrored pair of residual networks (He et al., Identity Mappings in Deep Residual
    Networks, 2016).

    Sums of a block are divided by √2, which preserves the variance (Karras et al., Analyzing and
    Improving the Image Quality of StyleGAN, 2020, section 4.1).

    Attributes:
        width: channels of the outermost level. Each further level has twice as many, up to
            ``WIDEST`` times the width.
        depth: levels below the image; each halves height and width, rounding up. The default
            leaves the shorter side 4 to 8 pixels long.
        blocks: residual blocks of each level.
        activation: relu, leaky_relu, silu or tanh.
        normalization: none, batch or group, before each convolution of a block.
    """

    width: Count = 32
    depth: Count | None = None
    blocks: Count = 1
    activation: Activation = "leaky_relu"
    normalization: Normalization = "none"

    def encoder(
        self, image_shape: tuple[int, int, int], features: int, dropout: float = 0.0
    ) -> nn.Sequential:
        """Build an encoder: (B, C, H, W) → (B, features)."""
        sizes = self._sizes(image_shape)
        layers: list[nn.Module] = [nn.Conv2d(image_shape[0], self.width, 3, padding=1)]
        inputs = self.width
        for level, size in enumerate(sizes[1:], 1):
            outputs = self._channels(level)
            for _ in range(self.blocks):
                layers.append(self._block(inputs, outputs, dropout))
                inputs = outputs
            layers.append(Pool(size))
        layers += [*normalization(self.normalization, inputs, 2), activation(self.activation)]
        flat = nn.Linear(inputs * math.prod(sizes[-1]), features)
        return FromImages(*layers, nn.Flatten(), flat)

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Sequential:
        """Build a decoder: (B, latent_dim) → (B, C, H, W), unbounded."""
        sizes = self._sizes(image_shape)
        inputs = self._channels(len(sizes) - 1)
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, inputs * math.prod(sizes[-1])),
            ToImages(1, (inputs, *sizes[-1])),
        ]
        for level in range(len(sizes) - 2, -1, -1):
            layers.append(Resize(sizes[level]))
            outputs = self._channels(level)
            for _ in range(self.blocks):
                layers.append(self._block(inputs, outputs))
                inputs = outputs
        layers += [*normalization(self.normalization, inputs, 2), activation(self.activation)]
        return nn.Sequential(*layers, nn.Conv2d(inputs, image_shape[0], 3, padding=1))

    def _sizes(self, image_shape: tuple[int, int, int]) -> list[Size]:
        depth = self.depth
        if depth is None:
            shorter = min(image_shape[1:])
            depth = max(1, math.floor(math.log2(max(shorter, 1) / INNERMOST)) + 1)
        return pyramid(image_shape, depth, "the network a smaller depth")

    def _channels(self, level: int) -> int:
        return self.width * min(2**level, WIDEST)

    def _block(self, inputs: int, outputs: int, dropout: float = 0.0) -> nn.Module:
        return _ResidualBlock(inputs, outputs, self.activation, self.normalization, dropout)


class _ResidualBlock(nn.Module):
    def __init__(
        self,
        inputs: int,
        outputs: int,
        nonlinearity: Activation,
        norm: Normalization,
        dropout: float,
    ):
        super().__init__()
        self.branch = nn.Sequential(
            *normalization(norm, inputs, 2),
            activation(nonlinearity),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            *normalization(norm, outputs, 2),
            activation(nonlinearity),
            *([Dropout(dropout)] if dropout else []),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        same = inputs == outputs
        self.skip = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        return (self.skip(images) + self.branch(images)) * math.sqrt(0.5)


class Pool(nn.Module):
    """Average pooling to half the size, rounding up; the last line of an odd side counts twice."""

    def __init__(self, size: Size):
        super().__init__()
        self.size = size

    def forward(self, images: Tensor) -> Tensor:
        """Pool images: (B, C, h, w) → (B, C, *size)."""
        height, width = images.shape[2:]
        right, below = 2 * self.size[1] - width, 2 * self.size[0] - height
        if right or below:
            images = F.pad(images, (0, right, 0, below), mode="replicate")
        return F.avg_pool2d(images, 2)
