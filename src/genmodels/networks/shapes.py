"""Interfaces of networks, shared by all model families."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from torch import Tensor, nn


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
class Dense(Protocol):
    """A network of vectors, whose numbers have no neighbours, described by numbers."""

    def dense(self, inputs: int, outputs: int, dropout: float = 0.0) -> nn.Module:
        """(B, inputs) → (B, outputs), unbounded."""
        ...


@runtime_checkable
class VectorField(Protocol):
    """A network that predicts a velocity for every pixel, described by numbers."""

    def vector_field(self, image_shape: tuple[int, int, int], num_classes: int = 0) -> nn.Module:
        """(B, C, H, W), times (B,) in [0, 1] and, with classes, labels (B,) → (B, C, H, W)."""
        ...


@dataclass
class KeysAndValues:
    """The attention cache of each block: keys and values of the positions so far."""

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    count: int = 0


class Ordered(nn.Module, ABC):
    """A network over a sequence, where each position depends on earlier ones alone."""

    @abstractmethod
    def forward(self, vectors: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, length, inputs) and, with classes, labels (B,) → (B, length, outputs)."""

    @abstractmethod
    def next(self, vectors: Tensor, cache: KeysAndValues, labels: Tensor | None = None) -> Tensor:
        """Return the output of :meth:`forward` for the next position, (B, outputs).

        Args:
            vectors: of the place before it, (B, inputs); at the first place only their number
                counts.
            cache: of the places before; the new one is added.
            labels: (B,), with classes.
        """


@runtime_checkable
class Causal(Protocol):
    """A network where each position depends on earlier positions alone."""

    def causal(self, length: int, inputs: int, outputs: int, num_classes: int = 0) -> Ordered:
        """Vectors (B, length, inputs) and, with classes, labels (B,) → (B, length, outputs)."""
        ...
