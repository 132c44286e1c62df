"""Fully connected networks."""

import math
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from genmodels.config.number_types import Widths
from genmodels.networks.layers import Activation, Dropout, Normalization, activation, normalization


@dataclass(frozen=True)
class MLP:
    """A mirrored pair of fully connected networks.

    The encoder has the ``hidden`` layers in the given order, the decoder in reverse. With
    ``hidden: [1024, 512, 256]`` an encoder is pixels-1024-512-256-features and a decoder
    latents-256-512-1024-pixels.

    Attributes:
        hidden: widths of the hidden layers, from the image inwards.
        activation: relu, leaky_relu, silu or tanh.
        normalization: none, batch or group, after each hidden layer except an encoder's first,
            as in Radford et al. (2016), section 3.
    """

    hidden: Widths = (400,)
    activation: Activation = "relu"
    normalization: Normalization = "none"

    def encoder(
        self, image_shape: tuple[int, int, int], features: int, dropout: float = 0.0
    ) -> nn.Sequential:
        """Build an encoder: (B, C, H, W) → (B, features)."""
        sizes = [math.prod(image_shape), *self.hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for depth, (inputs, outputs) in enumerate(pairwise(sizes)):
            layers += self._block(inputs, outputs, normalized=depth > 0)
            layers += [Dropout(dropout)] if dropout else []
        return nn.Sequential(*layers, nn.Linear(sizes[-1], features))

    def dense(self, inputs: int, outputs: int, dropout: float = 0.0) -> nn.Sequential:
        """Build a network of vectors: (B, inputs) → (B, outputs), unbounded."""
        return self.encoder((inputs, 1, 1), outputs, dropout)

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Sequential:
        """Build a decoder: (B, latent_dim) → (B, C, H, W), unbounded."""
        sizes = [latent_dim, *reversed(self.hidden)]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += self._block(inputs, outputs, normalized=True)
        output = nn.Linear(sizes[-1], math.prod(image_shape))
        return nn.Sequential(*layers, output, nn.Unflatten(1, image_shape))

    def _block(self, inputs: int, outputs: int, normalized: bool) -> list[nn.Module]:
        extra = normalization(self.normalization, outputs, 0) if normalized else []
        return [nn.Linear(inputs, outputs), *extra, activation(self.activation)]
