"""Convolutional networks for any image size.

The sizes of the levels are computed from the image's height and width. Each level halves
them, rounding up, and the decoder passes through the same sizes in reverse. So odd and
non-square images need no padding rule and no cropping.
"""

import math
from dataclasses import dataclass

from torch import nn

from genmodels.config.number_types import Widths
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


@dataclass(frozen=True)
class Conv:
    """A mirrored pair of convolutional networks, after Radford et al. (2016).

    Attributes:
        channels: feature maps of each level, from the image inwards; each level halves
            height and width, rounding up.
        activation: relu, leaky_relu, silu or tanh.
        normalization: none, batch or group, after each level except the encoder's first.
    """

    channels: Widths = (32, 64, 128)
    activation: Activation = "leaky_relu"
    normalization: Normalization = "none"

    def encoder(
        self, image_shape: tuple[int, int, int], features: int, dropout: float = 0.0
    ) -> nn.Sequential:
        """Build an encoder: (B, C, H, W) → (B, features)."""
        size = self._sizes(image_shape)[-1]
        layers: list[nn.Module] = []
        inputs = image_shape[0]
        for depth, outputs in enumerate(self.channels):
            layers.append(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1))
            layers += normalization(self.normalization, outputs, 2) if depth > 0 else []
            layers.append(activation(self.activation))
            layers += [Dropout(dropout)] if dropout else []
            inputs = outputs
        return FromImages(*layers, nn.Flatten(), nn.Linear(inputs * math.prod(size), features))

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Sequential:
        """Build a decoder: (B, latent_dim) → (B, C, H, W), unbounded."""
        sizes = self._sizes(image_shape)[::-1]
        inputs = self.channels[-1]
        layers: list[nn.Module] = [
            nn.Linear(latent_dim, inputs * math.prod(sizes[0])),
            ToImages(1, (inputs, *sizes[0])),
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

    def _sizes(self, image_shape: tuple[int, int, int]) -> list[Size]:
        return pyramid(image_shape, len(self.channels), "fewer numbers in the network's channels")
