"""Two network shapes, whatever the family: an encoder maps images to features, a decoder
maps latents to images. A class here describes a matching pair and builds either half."""

from typing import Protocol

from torch import nn

from genmodels.networks.conv import Conv
from genmodels.networks.mlp import MLP

__all__ = ["MLP", "Conv", "Network"]


class Network(Protocol):
    """A matching pair of networks, described by numbers."""

    def encoder(
        self, image_shape: tuple[int, int, int], features: int, dropout: float = 0.0
    ) -> nn.Module:
        """(B, C, H, W) → (B, features), unbounded."""
        ...

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
        """(B, latent_dim) → (B, C, H, W), unbounded."""
        ...
