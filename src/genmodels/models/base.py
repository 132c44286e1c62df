"""A model is its objective.

It says what is learnt in which order (:class:`Phase`), from which distribution latents
come and how they become images. The trainer, sampling, interpolation and comparison are
written once, on top of this.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from genmodels.data.images import Batch
from genmodels.errors import InputError, Note
from genmodels.networks.layers import mixes_images

RENAMED = {"held_out": "validation_metrics", "free": "adjustable", "known": "conditioning"}
Terms = dict[str, Tensor]
Pixels = Literal["binary", "levels", "continuous"]


@dataclass(frozen=True)
class Phase:
    """One objective, and the module that learns from it.

    Attributes:
        name: stands in the log as ``train.<name>.<term>``.
        module: the part of the model whose parameters are changed, and no others.
        objective: a batch → named scalars, of which ``loss`` is minimised. Terms named
            otherwise are logged only. All are means over the batch.
        every: the phase runs at each ``every``-th step.
        constrain: brings the module's parameters back to where they may be, after each of
            the phase's updates.
    """

    name: str
    module: nn.Module
    objective: Callable[[Batch], Terms]
    every: int = 1
    constrain: Callable[[], None] | None = None


class Model(nn.Module, ABC):
    """A generative model of images, (B, C, H, W) in [0, 1] at every boundary.

    A model with classes is given labels (B,), int64, with everything it is asked; one without
    is given None.

    Args:
        image_shape: (C, H, W).
        latent_dim: the number of latent dimensions.
        conditional: whether it takes labels.
        class_shares: how large a part of the training images each class is; empty without
            labels.

    Attributes:
        num_classes: how many labels it takes; 0 if it takes none.
        adjustable: settings that change no weight and may be changed when sampling.

    Raises:
        InputError: labels are asked for and there are none.
    """

    adjustable: ClassVar[Sequence[str]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        """Accept the former names of methods and attributes for one version, with a warning."""
        super().__init_subclass__(**options)
        for old, new in RENAMED.items():
            if old in vars(cls):
                warnings.warn(
                    Note(f"{cls.__name__}.{old} is called {new} now; rename it"), stacklevel=2
                )
                if new not in vars(cls):
                    setattr(cls, new, vars(cls)[old])

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        conditional: bool = False,
        class_shares: Sequence[float] = (),
    ):
        super().__init__()
        self.image_shape = image_shape
        self.latent_dim = latent_dim
        if conditional and not class_shares:
            raise InputError(
                "model.conditional: true needs labels, and these images have none; take a "
                "labelled set or a folder with one folder for each class, or false"
            )
        self.class_shares = tuple(class_shares) if conditional else ()

    @property
    def num_classes(self) -> int:
        """The number of classes; 0 without labels."""
        return len(self.class_shares)

    def conditioning(self, labels: Tensor | None) -> tuple[Tensor, ...]:
        """Return the further inputs of a network: labels, or nothing.

        Raises:
            InputError: the model has classes, and no labels are given.
        """
        if self.num_classes == 0:
            return ()
        if labels is None:
            raise InputError(f"this {type(self).__name__} needs labels 0 to {self.num_classes - 1}")
        return (labels,)

    @abstractmethod
    def phases(self) -> list[Phase]:
        """Return the phases of one training step, in order."""

    @abstractmethod
    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, latent_dim) → images (B, C, H, W) in [0, 1]."""

    def prior(self, count: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw ``count`` latents, (count, latent_dim), on the CPU: standard normal here.

        Args:
            count: of latents.
            generator: from which everything is drawn.
            labels: (count,), of the images that they are for, where the model has classes.
        """
        return torch.randn(count, self.latent_dim, generator=generator)

    def generate(self, batch: Batch) -> Tensor:
        """Decode N(0, I), as often as there are images in a batch, on its device and with its
        labels: (B, C, H, W) in [0, 1]. A model with another :meth:`prior` trains on draws of
        that, and so overrides both."""
        count, device = len(batch.images), batch.images.device
        latents = torch.randn(count, self.latent_dim, device=device)
        return self.decode(latents, batch.labels).float()

    def draw_labels(self, count: int, generator: torch.Generator) -> Tensor | None:
        """Draw ``count`` labels, (count,), on the CPU, as often as they were trained on; None
        for a model without classes."""
        if self.num_classes == 0:
            return None
        shares = torch.tensor(self.class_shares, dtype=torch.float64)
        return torch.multinomial(shares, count, replacement=True, generator=generator)

    def validation_metrics(self, batch: Batch) -> Terms:
        """Measure images that were not trained on: named means over the batch.

        They stand in the log as ``test.<term>`` and ``validation.<term>``.
        """
        return {}

    def known(self, labels: Tensor | None) -> tuple[Tensor, ...]:
        """Return :meth:`conditioning`, its name now, with a warning."""
        warnings.warn(Note("Model.known is called conditioning now; rename it"), stacklevel=2)
        return Model.conditioning(self, labels)

    def held_out(self, batch: Batch) -> Terms:
        """Return :meth:`validation_metrics`, its name now, of the nearest class that has it under
        that name: a subclass may call this from its own ``held_out``."""
        warnings.warn(
            Note("Model.held_out is called validation_metrics now; rename it"), stacklevel=2
        )
        for kind in type(self).__mro__:
            if "validation_metrics" in vars(kind) and (
                kind is Model or "held_out" not in vars(kind)
            ):
                metrics: Terms = vars(kind)["validation_metrics"](self, batch)
                return metrics
        raise AssertionError("Model itself has validation_metrics")

    @property
    def smallest_batch(self) -> int:
        """The smallest batch, in images, that the objectives accept."""
        return 2 if mixes_images(self) else 1

    def sampling_module(self) -> nn.Module:
        """Return the part that sampling needs; the rest serves training alone."""
        return self


def phases_of(model: Model) -> list[Phase]:
    """The phases of a model, which can be told apart and train what a checkpoint keeps.

    Raises:
        InputError: two phases have one name, or one trains a module that the model does not
            have before it is asked.
    """
    parts = {id(module) for module in model.modules()}
    phases, kind = model.phases(), type(model).__name__
    foreign = [phase.name for phase in phases if id(phase.module) not in parts]
    if foreign:
        raise InputError(
            f"the phase {', '.join(foreign)} of {kind} trains a module that is no part of the "
            "model before phases(); make it in __init__, as an attribute"
        )
    names = [phase.name for phase in phases]
    if len(set(names)) < len(names):
        raise InputError(
            f"two phases of {kind} have one name: {', '.join(names)}; give each its own"
        )
    return phases


@runtime_checkable
class Encodes(Protocol):
    """A model that finds latents for given images."""

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, H, W) in [0, 1] → latents (B, latent_dim), without noise."""
        ...

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, latent_dim) → images (B, C, H, W) in [0, 1]."""
        ...


@runtime_checkable
class Likelihood(Protocol):
    """A model with a bound on the likelihood of an image, by importance sampling.

    Attributes:
        pixels: what it is the likelihood of: pixels that are 0 or 1, that have one of 256
            levels, or that are real numbers with a density. Nats of one kind say nothing
            beside those of another.
        exact: true if one weight is log p(x) itself.
    """

    pixels: Pixels
    exact: bool

    def infer(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, H, W) → latents (B, latent_dim) drawn from q(z|x)."""
        ...

    def log_weights(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw log p(x|z) + log p(z) − log q(z|x), (B,), in nats: one z ~ q(z|x) an image."""
        ...


@runtime_checkable
class Discriminates(Protocol):
    """A model that tells real images from its own."""

    @property
    def threshold(self) -> float | None:
        """The realness above which it takes an image for real; None where it orders images
        and decides on none."""
        ...

    def realness(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, C, H, W) in [0, 1] → logits (B,), the higher the more real."""
        ...

    def equilibrium(self) -> Mapping[str, float]:
        """``<phase>.<term>`` → its value where neither side can improve, where there is one."""
        ...


@runtime_checkable
class Fitted(Protocol):
    """A model of which a part is fitted to training images once gradient steps are over."""

    @property
    def fewest(self) -> int:
        """The smallest number of training images that a fit needs."""
        ...

    def fit(self, batches: Iterable[Batch]) -> None:
        """Fit the part, in place, to training images in any order."""
        ...

    @property
    def fitted(self) -> bool:
        """True once fitted, so that the model can be sampled from."""
        ...


@dataclass(frozen=True)
class Ability:
    """What some models can do beyond generating."""

    name: str  # in listings
    protocol: type
    without: str  # why the numbers of it are missing

    def of(self, kind: type[Model]) -> bool:
        """Return whether a class has the methods of the protocol."""
        named = [name for name in vars(self.protocol) if not name.startswith("_")]
        return all(hasattr(kind, name) for name in named)


ABILITIES = (
    Ability("encodes", Encodes, "the model has no encoder"),
    Ability("likelihood", Likelihood, "the model has no likelihood"),
    Ability("discriminates", Discriminates, "the model has no discriminator"),
)
