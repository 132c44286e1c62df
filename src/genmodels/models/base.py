"""The interface of a model: its phases, prior and decoder.

A model is its objective. It says what is trained in which order (:class:`Phase`), from which
distribution latents come, and how latents become images. The trainer, sampling, interpolation
and comparison are written once, on top of this interface.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.models.former_names import FormerNames
from genmodels.models.phase import Phase as Phase
from genmodels.models.phase import Terms as Terms
from genmodels.networks.layers import mixes_images

Pixels = Literal["binary", "levels", "continuous"]


class Model(FormerNames, nn.Module, ABC):
    """A generative model of images, (B, C, H, W) in [0, 1] at every boundary.

    Every method of a model with classes is given labels, (B,) int64. Those of a model without
    classes are given None.

    Args:
        image_shape: (C, H, W).
        latent_dim: the number of latent dimensions.
        conditional: whether the model is conditioned on labels.
        class_shares: the share of each class in the training images; empty for images without
            labels.

    Attributes:
        class_shares: the share of each class; empty if the model takes no labels.
        num_classes: the number of classes; 0 if the model takes no labels.
        adjustable: settings that change no weight and may be changed when sampling.
        trained_on_features: names of features that its loss uses, which may not judge it.

    Raises:
        InputError: the model is to be conditional, and the images have no labels.
    """

    adjustable: ClassVar[Sequence[str]] = ()
    trained_on_features: Sequence[str] = ()

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
        self.class_shares: tuple[float, ...] = tuple(class_shares) if conditional else ()

    @property
    def num_classes(self) -> int:
        """The number of classes; 0 without labels."""
        return len(self.class_shares)

    def conditioning(self, labels: Tensor | None) -> tuple[Tensor, ...]:
        """Return the extra inputs of a conditional network: the labels, or nothing.

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
        """Decode latents: (B, latent_dim) → images (B, C, H, W) in [0, 1]."""

    def prior(self, count: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw ``count`` latents, (count, latent_dim), on the CPU.

        They are standard normal, unless a subclass overrides this method.

        Args:
            count: the number of latents.
            generator: the source of all randomness.
            labels: (count,), the classes to draw latents for, if the model has classes.
        """
        return torch.randn(count, self.latent_dim, generator=generator)

    def generate(self, batch: Batch) -> Tensor:
        """Generate one image for each image of a batch, with its label: (B, C, H, W) in [0, 1].

        Training uses this method. Latents are drawn from N(0, I) on the batch's device. A model
        that overrides :meth:`prior` also overrides this method, so that it trains on its prior.
        """
        count, device = len(batch.images), batch.images.device
        latents = torch.randn(count, self.latent_dim, device=device)
        return self.decode(latents, batch.labels).float()

    def draw_labels(self, count: int, generator: torch.Generator) -> Tensor | None:
        """Draw ``count`` labels, (count,), on the CPU, by their shares in the training images.

        Returns:
            The labels; None for a model without classes.
        """
        if self.num_classes == 0:
            return None
        shares = torch.tensor(self.class_shares, dtype=torch.float64)
        return torch.multinomial(shares, count, replacement=True, generator=generator)

    def validation_metrics(self, batch: Batch) -> Terms:
        """Measure images that the model was not trained on: named means over the batch.

        The log has them as ``test.<term>`` and ``validation.<term>``.
        """
        return {}

    @property
    def smallest_batch(self) -> int:
        """The smallest batch, in images, that the objectives accept."""
        return 2 if mixes_images(self) else 1

    def sampling_module(self) -> nn.Module:
        """Return the part that sampling needs; the rest serves training only."""
        return self


def phases_of(model: Model) -> list[Phase]:
    """Return a model's phases, after checking their names and modules.

    Raises:
        InputError: two phases have the same name, or a phase trains a module that was not part
            of the model before ``phases()`` was called, which a checkpoint would miss; or a lazy
            phase is the only one of its module.
    """
    parts = {id(module) for module in model.modules()}
    phases, kind = model.phases(), type(model).__name__
    foreign = [phase.name for phase in phases if id(phase.module) not in parts]
    if foreign:
        raise InputError(
            f"the phase {', '.join(foreign)} of {kind} trains a module that is not part of the "
            "model before phases(); make it in __init__, as an attribute"
        )
    names = [phase.name for phase in phases]
    if len(set(names)) < len(names):
        raise InputError(
            f"two phases of {kind} have one name: {', '.join(names)}; give each its own"
        )
    others = {id(phase.module) for phase in phases if not phase.lazy}
    alone = [phase.name for phase in phases if id(phase.module) not in others]
    if alone:
        raise InputError(
            f"the phase {', '.join(alone)} of {kind} is lazy, and no other phase trains its "
            "module; leave lazy out"
        )
    return phases


@runtime_checkable
class Encodes(Protocol):
    """A model that maps images to latents."""

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Encode images without noise: (B, C, H, W) in [0, 1] → latents (B, latent_dim)."""
        ...

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode latents: (B, latent_dim) → images (B, C, H, W) in [0, 1]."""
        ...


@runtime_checkable
class HasLikelihood(Protocol):
    """A model whose likelihood of an image can be bounded by importance sampling.

    Attributes:
        pixels: the kind of pixels that the likelihood is of: ``binary`` pixels are 0 or 1,
            those with ``levels`` have one of 256 values, and ``continuous`` ones have a
            density. Nats of different kinds cannot be compared.
        exact: true if a single weight is log p(x) itself.
        class_shares: p(y) of each class, if the likelihood is that of a labelled image; else empty.
    """

    pixels: Pixels
    exact: bool
    class_shares: tuple[float, ...]

    def infer(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw latents from q(z|x): (B, C, H, W) → (B, latent_dim)."""
        ...

    def log_weights(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw one z ~ q(z|x) for each image and return its log-weight, (B,), in nats.

        The log-weight is log p(x|z) + log p(z) − log q(z|x).
        """
        ...


@runtime_checkable
class Discriminates(Protocol):
    """A model with a discriminator of real and generated images."""

    @property
    def threshold(self) -> float | None:
        """The logit above which an image is classified as real.

        None if logits only rank images, as a Wasserstein critic's do.
        """
        ...

    def realness(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Score images: (B, C, H, W) in [0, 1] → logits (B,), higher for more real."""
        ...

    def equilibrium(self) -> Mapping[str, float]:
        """Return the value of each loss at the equilibrium of the game, by ``<phase>.<term>``.

        Losses without a known value are left out.
        """
        ...


@runtime_checkable
class Fitted(Protocol):
    """A model with a part that is fitted to training images after the last gradient step."""

    @property
    def fewest(self) -> int:
        """The smallest number of training images that a fit needs."""
        ...

    def fit(self, batches: Iterable[Batch]) -> None:
        """Fit the part in place to training images, in any order."""
        ...

    @property
    def fitted(self) -> bool:
        """True once the part is fitted and the model can be sampled from."""
        ...


@dataclass(frozen=True)
class Ability:
    """Something that some models can do besides generating images.

    Attributes:
        name: its name in listings.
        protocol: the methods that a model with this ability has.
        without: why its numbers are missing for other models.
    """

    name: str
    protocol: type
    without: str

    def of(self, kind: type[Model]) -> bool:
        """Return whether a class has the methods of the protocol."""
        named = [name for name in vars(self.protocol) if not name.startswith("_")]
        return all(hasattr(kind, name) for name in named)


ABILITIES = (
    Ability("encodes", Encodes, "the model has no encoder"),
    Ability("likelihood", HasLikelihood, "the model has no likelihood"),
    Ability("discriminates", Discriminates, "the model has no discriminator"),
)
