"""The shapes that networks have, as every family knows them."""

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


@runtime_checkable
class VectorField(Protocol):
    """A network that gives every pixel a direction, described by numbers."""

    def vector_field(self, image_shape: tuple[int, int, int], num_classes: int = 0) -> nn.Module:
        """(B, C, H, W), times (B,) in [0, 1] and, with classes, labels (B,) → (B, C, H, W)."""
        ...
