"""A model is its objective.

It says what is learnt in which order (:class:`Phase`), from which distribution latents
come and how they become images. The trainer, sampling, interpolation and comparison are
written once, on top of this.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from genmodels.data.images import Batch

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Phase:
    """One objective, and the module that learns from it.

    Attributes:
        name: stands in the log as ``train.<name>.<term>``.
        module: the part of the model whose parameters are changed, and no others.
        objective: a batch → named scalars, of which ``loss`` is minimised. Terms named
            otherwise are logged only. All are means over the batch.
        every: the phase runs at each ``every``-th step.
    """

    name: str
    module: nn.Module
    objective: Callable[[Batch], Terms]
    every: int = 1


class Model(nn.Module, ABC):
    """A generative model of images, (B, C, H, W) in [0, 1] at every boundary.

    Attributes:
        image_shape: (C, H, W).
        latent_dim: the number of latent dimensions.
        num_classes: how many labels it takes; 0 if it takes none.
    """

    num_classes = 0

    def __init__(self, image_shape: tuple[int, int, int], latent_dim: int):
        super().__init__()
        self.image_shape = image_shape
        self.latent_dim = latent_dim

    @abstractmethod
    def phases(self) -> list[Phase]:
        """What one training step does, in order."""

    @abstractmethod
    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, latent_dim) → images (B, C, H, W) in [0, 1]."""

    def prior(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``count`` latents, (count, latent_dim), on the CPU: standard normal."""
        return torch.randn(count, self.latent_dim, generator=generator)

    def held_out(self, batch: Batch) -> Terms:
        """Measure images that were not trained on: named means over the batch.

        They stand in the log as ``test.<term>`` and ``validation.<term>``.
        """
        return {}

    def sampling_module(self) -> nn.Module:
        """The part that is needed to sample; what else there is serves training alone."""
        return self


@runtime_checkable
class Encodes(Protocol):
    """A model that finds latents for given images."""

    def encode(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] → latents (B, latent_dim), without noise."""
        ...

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, latent_dim) → images (B, C, H, W) in [0, 1]."""
        ...


@runtime_checkable
class Likelihood(Protocol):
    """A model with a bound on the likelihood of an image, by importance sampling.

    Attributes:
        binary_pixels: whether the likelihood is one of pixels that are 0 or 1.
    """

    binary_pixels: bool

    def infer(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → latents (B, latent_dim) drawn from q(z|x)."""
        ...

    def log_weights(self, images: Tensor) -> Tensor:
        """Draw log p(x|z) + log p(z) − log q(z|x), (B,), in nats: one z ~ q(z|x) an image."""
        ...


@runtime_checkable
class Discriminates(Protocol):
    """A model that tells real images from its own."""

    def realness(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] → logits (B,), above 0 for what it takes for real."""
        ...

    def equilibrium(self) -> Mapping[str, float]:
        """``<phase>.<term>`` → its value where neither side can improve."""
        ...
