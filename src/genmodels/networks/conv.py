"""Convolutional networks for any image size.

The pyramid is computed from the image's height and width: each level halves them,
rounding up, and the decoder walks the same sizes back, so odd and non-square images need
no padding rule and no cropping.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from genmodels.errors import InputError
from genmodels.networks.layers import Activation, Dropout, Normalization, activation, normalization

Size = tuple[int, int]
SMALLEST = 2  # pixels: a level below this holds nothing that a 4x4 kernel could use


@dataclass(frozen=True)
class Conv:
    """A mirrored pair of convolutional networks, after Radford et al. (2016).

    Attributes:
        channels: feature maps of each level, from the image inwards; each level halves
            height and width, rounding up.
        activation: relu, leaky_relu, silu or tanh.
        normalization: none or batch, after each level but the encoder's first.
    """

    channels: Sequence[int] = (32, 64, 128)
    activation: Activation = "leaky_relu"
    normalization: Normalization = "none"

    def pyramid(self, image_shape: tuple[int, int, int]) -> list[Size]:
        """The sizes from the image to the innermost level, ``len(channels) + 1`` of them.

        Raises:
            InputError: the image is too small for that many levels.
        """
        _, height, width = image_shape
        sizes = [(height, width)]
        for _ in self.channels:
            height, width = math.ceil(height / 2), math.ceil(width / 2)
            sizes.append((height, width))
        if min(sizes[-1]) < SMALLEST:
            least = 2 ** len(self.channels) + 1
            raise InputError(
                f"images of {image_shape[1]}x{image_shape[2]} are too small for a network of "
                f"{len(self.channels)} levels, which takes {least}x{least} or more; "
                "list fewer numbers in model.network.channels or use larger images"
            )
        return sizes

    def encoder(
        self, image_shape: tuple[int, int, int], features: int, dropout: float = 0.0
    ) -> nn.Sequential:
        """(B, C, H, W) → (B, features)."""
        size = self.pyramid(image_shape)[-1]
        layers: list[nn.Module] = []
        inputs = image_shape[0]
        for depth, outputs in enumerate(self.channels):
            layers.append(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1))
            layers += normalization(self.normalization, outputs, 2) if depth > 0 else []
            layers.append(activation(self.activation))
            layers += [Dropout(dropout)] if dropout else []
            inputs = outputs
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(inputs * math.prod(size), features))

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Sequential:
        """(B, latent_dim) → (B, C, H, W), unbounded."""
        sizes = self.pyramid(image_shape)[::-1]
        inputs = self.channels[-1]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, inputs * math.prod(sizes[0])),
            nn.Unflatten(1, (inputs, *sizes[0])),
            *normalization(self.normalization, inputs, 2),
            activation(self.activation),
        ]
        for outputs, size in zip(reversed(self.channels[:-1]), sizes[1:], strict=False):
            layers += [
                Resize(size),
                nn.Conv2d(inputs, outputs, 3, padding=1),
                *normalization(self.normalization, outputs, 2),
                activation(self.activation),
            ]
            inputs = outputs
        return nn.Sequential(
            *layers, Resize(sizes[-1]), nn.Conv2d(inputs, image_shape[0], 3, padding=1)
        )


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
