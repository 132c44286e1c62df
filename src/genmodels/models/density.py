"""The density that latents are drawn from, fixed or fitted, and models that use it."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.data.images import Batch, first_rows
from genmodels.errors import InputError
from genmodels.models import mixture
from genmodels.models.base import HasLikelihood, Model

Sampler = Literal["prior", "gaussian", "gmm"]
COMPONENTS = 100  # of a mixture; docs/models.md has the FD of ae-gmm.yaml with 100 and with 10
CODES = 100_000  # a density is fitted to at most so many
# Steps of the fit. Measured by studies/mixtures.py for vae-gmm.yaml after 4,000 steps: 1, 3 and 10
# steps give the codes of validation images -17.45, -17.37 and -17.36 nats.
ITERATIONS = 3


class Density(nn.Module):
    """N(0, I), or a density fitted to codes after training: ex-post density estimation.

    Ghosh et al., From Variational to Deterministic Autoencoders (2020), section 4. The
    mixture has full covariances.

    Args:
        size: D, the number of dimensions.
        kind: ``prior`` for N(0, I), ``gaussian`` for one normal distribution with full
            covariance, ``gmm`` for a mixture of them.
        components: the number of components of the mixture.
    """

    def __init__(self, size: int, kind: Sampler = "prior", components: int = COMPONENTS):
        super().__init__()
        self.kind, self.size = kind, size
        if kind == "prior":
            return  # N(0, I) has no parameters
        count = components if kind == "gmm" else 1
        self.register_buffer("done", torch.zeros((), dtype=torch.int64))
        self.register_buffer("weights", torch.full((count,), 1 / count))
        self.register_buffer("means", torch.zeros(count, size))
        self.register_buffer("factors", torch.eye(size).repeat(count, 1, 1))

    @property
    def fitted(self) -> bool:
        """True once fitted; always true for the prior. An unfitted density is N(0, I)."""
        return self.kind == "prior" or bool(self.get_buffer("done"))

    @property
    def fewest(self) -> int:
        """The smallest number of codes that a fit needs."""
        return 0 if self.kind == "prior" else 2 * len(self.get_buffer("weights"))

    def train(self, mode: bool = True) -> "Density":
        """Set the mode. Further training invalidates the fitted density."""
        if mode and self.kind != "prior":
            self.get_buffer("done").zero_()
        return super().train(mode)

    def fit(self, codes: Tensor) -> None:
        """Fit the density to codes, (N, D).

        Raises:
            InputError: there are fewer than two codes per component, or too few distinct ones.
        """
        if self.kind == "prior":
            return
        components = len(self.get_buffer("weights"))
        todo = "lower model.components, or take" if self.kind == "gmm" else "take"
        if len(codes) < self.fewest:
            raise InputError(
                f"a mixture of {components} needs codes of {self.fewest} training images or "
                f"more, there are {len(codes)}; {todo} more images"
            )
        try:
            found = mixture.fit(codes.cpu(), components, ITERATIONS)
        except ValueError as error:
            raise InputError(
                f"no mixture of {components} can be fitted to the codes: {error}; {todo} "
                "model.sampler=prior"
            ) from None
        fitted = {**found._asdict(), "done": torch.ones(())}
        for name, value in fitted.items():
            self.get_buffer(name).copy_(value)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw ``count`` latents, (count, D), on the CPU."""
        noise = torch.randn(count, self.size, generator=generator)
        if self.kind == "prior" or not self.fitted:
            return noise
        weights, means, factors = (
            self.get_buffer(name).cpu() for name in ("weights", "means", "factors")
        )
        rows = torch.multinomial(weights, count, replacement=True, generator=generator)
        return means[rows] + (factors[rows] @ noise.unsqueeze(2)).squeeze(2)

    def log_density(self, latents: Tensor) -> Tensor:
        """Return the log-density of latents in nats: (B, D) → (B,)."""
        if self.kind == "prior" or not self.fitted:
            return _log_normal(latents)
        weights, means, factors = (
            self.get_buffer(name) for name in ("weights", "means", "factors")
        )
        differences = (latents.unsqueeze(1) - means).permute(1, 2, 0)  # (components, D, B)
        standard = torch.linalg.solve_triangular(factors, differences, upper=False).permute(2, 0, 1)
        volumes = factors.diagonal(dim1=1, dim2=2).log().sum(1)
        return (weights.log() + _log_normal(standard) - volumes).logsumexp(1)


class Coder(Model):
    """A model with an encoder, and with a :class:`Density` that latents are drawn from.

    Args:
        image_shape, latent_dim, conditional, class_shares: as for any model.
        sampler, components: of the :class:`Density`.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int,
        sampler: Sampler,
        components: int,
        conditional: bool,
        class_shares: Sequence[float],
    ):
        super().__init__(image_shape, latent_dim, conditional, class_shares)
        self.density = Density(latent_dim, sampler, components)

    @abstractmethod
    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Encode images without noise: (B, C, H, W) in [0, 1] → latents (B, latent_dim)."""

    def prior(self, count: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw ``count`` latents, (count, latent_dim), on the CPU, from the sampler's density."""
        return self.density.draw(count, generator)

    @property
    def fitted(self) -> bool:
        """True once the sampler's density is fitted; always true for the prior."""
        return self.density.fitted

    @property
    def fewest(self) -> int:
        """The smallest number of training images that a fit needs."""
        return self.density.fewest

    @staticmethod
    def contradictions(settings: Mapping[str, Any]) -> Iterator[str]:
        """Yield a line for each pair of settings that contradict each other."""
        if settings["components"] != COMPONENTS and settings["sampler"] != "gmm":
            yield f"components: a {settings['sampler']} sampler has none; take gmm"
        if settings["components"] > CODES // 2:
            most = CODES // 2
            yield f"components: a mixture is fitted to {CODES:,} codes; give {most:,} or fewer"

    @torch.no_grad()
    def latents(self, batches: Iterable[Batch]) -> Tensor:
        """Return the latents of the first ``CODES`` images, (N, latent_dim), on the CPU.

        They are draws from q(z|x) if the model has a likelihood, otherwise its codes.
        """
        latents_of = self.infer if isinstance(self, HasLikelihood) else self.encode
        blocks = (latents_of(batch.images, batch.labels).float().cpu() for batch in batches)
        return first_rows(blocks, CODES)

    def fit(self, batches: Iterable[Batch]) -> None:
        """Fit the sampler's density to latents of training images."""
        if not self.fitted:
            self.density.fit(self.latents(batches))


def draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Draw from N(mean, exp(log_variance)) by the reparameterisation trick.

    Gradients flow to both arguments; Kingma & Welling (2014), section 2.4.
    """
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


def _log_normal(latents: Tensor) -> Tensor:
    """Return log N(z; 0, I), where z is the last dimension."""
    return -0.5 * (latents.square() + losses.LOG_TWO_PI).sum(-1)
