"""Interfaces of networks, shared by all model families."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from torch import Tensor, nn


@runtime_checkable
class Network(Protocol):
    """The description of an encoder and a decoder."""

    def encoder(
        self, image_shape: tuple[int, int, int], features: int, dropout: float = 0.0
    ) -> nn.Module:
        """Build an encoder: (B, C, H, W) → (B, features), unbounded."""
        ...

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
        """Build a decoder: (B, latent_dim) → (B, C, H, W), unbounded."""
        ...


@runtime_checkable
class Dense(Protocol):
    """The description of a network of vectors, whose numbers have no spatial order."""

    def dense(self, inputs: int, outputs: int, dropout: float = 0.0) -> nn.Module:
        """Build the network: (B, inputs) → (B, outputs), unbounded."""
        ...


@runtime_checkable
class VectorField(Protocol):
    """The description of a network that predicts a velocity for every pixel."""

    def vector_field(self, image_shape: tuple[int, int, int], num_classes: int = 0) -> nn.Module:
        """Build the network: images, times and, with classes, labels → velocities (B, C, H, W).

        Images are (B, C, H, W), times (B,) in [0, 1], and labels (B,).
        """
        ...


@dataclass
class KeysAndValues:
    """The attention cache: keys and values of all earlier positions, for each block."""

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    count: int = 0


class Ordered(nn.Module, ABC):
    """A network of a sequence, in which each position depends only on earlier ones."""

    @abstractmethod
    def forward(self, vectors: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the outputs at all positions: (B, length, inputs) → (B, length, outputs).

        With classes, labels (B,) are given too.
        """

    @abstractmethod
    def next(self, vectors: Tensor, cache: KeysAndValues, labels: Tensor | None = None) -> Tensor:
        """Return the output of :meth:`forward` at the next position, (B, outputs).

        Args:
            vectors: the vectors of the position before it, (B, inputs). At the first position
                only their number matters.
            cache: of the positions before it; the new position is added.
            labels: (B,), with classes.
        """


@runtime_checkable
class Causal(Protocol):
    """The description of a network in which each position depends only on earlier ones."""

    def causal(self, length: int, inputs: int, outputs: int, num_classes: int = 0) -> Ordered:
        """Build the network: (B, length, inputs) → (B, length, outputs).

        With classes, it also takes labels (B,).
        """
        ...
