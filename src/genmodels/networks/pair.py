"""The two network shapes, as every family knows them."""

from typing import Protocol, runtime_checkable

from torch import nn


@runtime_checkable
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
