"""The density that latents are drawn from, fixed beforehand or fitted to codes afterwards."""

import math
from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor, nn

from genmodels.errors import InputError

Sampler = Literal["prior", "gaussian", "gmm"]
COMPONENTS = 100  # of a mixture, unless the settings say otherwise; docs/models.md has the study
CODES = 20_000  # that are fitted to, at most
LEAST = 1e-6  # that is added to variances, scikit-learn's default


class Density(nn.Module):
    """N(0, I), or what was fitted to codes: ex-post density estimation.

    Ghosh et al., From Variational to Deterministic Autoencoders (2020), section 4. The
    mixture has full covariances and is fitted by scikit-learn.

    Args:
        size: D, the number of dimensions.
        kind: ``prior`` for N(0, I), ``gaussian`` for one normal distribution of any
            covariance, ``gmm`` for a mixture of them.
        components: of the mixture.
    """

    def __init__(self, size: int, kind: Sampler = "prior", components: int = COMPONENTS):
        super().__init__()
        self.kind, self.size = kind, size
        if kind == "prior":
            return  # nothing to keep
        count = components if kind == "gmm" else 1
        self.register_buffer("done", torch.zeros((), dtype=torch.int64))
        self.register_buffer("weights", torch.full((count,), 1 / count))
        self.register_buffer("means", torch.zeros(count, size))
        self.register_buffer("factors", torch.eye(size).repeat(count, 1, 1))

    @property
    def fitted(self) -> bool:
        """Whether it is what it is said to be; before, it is N(0, I)."""
        return self.kind == "prior" or bool(self.get_buffer("done"))

    def train(self, mode: bool = True) -> "Density":
        """Codes that learn on leave the density that was fitted to them behind."""
        if mode and self.kind != "prior":
            self.get_buffer("done").zero_()
        return super().train(mode)

    def fit(self, codes: Tensor) -> None:
        """Fit it to codes, (N, D).

        Raises:
            InputError: there are fewer codes than components.
        """
        if self.kind == "prior":
            return
        from sklearn.mixture import GaussianMixture

        components = len(self.get_buffer("weights"))
        if len(codes) < 2 * components:
            raise InputError(
                f"a mixture of {components} needs codes of {2 * components} training images or "
                f"more, there are {len(codes)}; lower model.components"
            )
        mixture = GaussianMixture(components, reg_covar=LEAST, random_state=0)
        mixture.fit(codes.cpu().double().numpy())
        found = {
            "weights": torch.from_numpy(mixture.weights_),
            "means": torch.from_numpy(mixture.means_),
            "factors": torch.linalg.cholesky(torch.from_numpy(mixture.covariances_)),
            "done": torch.ones(()),
        }
        for name, value in found.items():
            self.get_buffer(name).copy_(value)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draw (count, D), on the CPU."""
        noise = torch.randn(count, self.size, generator=generator)
        if self.kind == "prior" or not self.fitted:
            return noise
        weights, means, factors = (
            self.get_buffer(name).cpu() for name in ("weights", "means", "factors")
        )
        rows = torch.multinomial(weights, count, replacement=True, generator=generator)
        return means[rows] + (factors[rows] @ noise.unsqueeze(2)).squeeze(2)

    def log_density(self, latents: Tensor) -> Tensor:
        """(B, D) → (B,), in nats."""
        if self.kind == "prior" or not self.fitted:
            return _log_normal(latents)
        weights, means, factors = (
            self.get_buffer(name) for name in ("weights", "means", "factors")
        )
        apart = (latents.unsqueeze(1) - means).unsqueeze(3)
        standard = torch.linalg.solve_triangular(factors, apart, upper=False).squeeze(3)
        volumes = factors.diagonal(dim1=1, dim2=2).log().sum(1)
        return (weights.log() + _log_normal(standard) - volumes).logsumexp(1)


def gather(codes: Iterable[Tensor]) -> Tensor:
    """The first ``CODES`` rows of blocks of codes, on the CPU."""
    kept: list[Tensor] = []
    for block in codes:
        kept.append(block.detach().float().cpu())
        if sum(map(len, kept)) >= CODES:
            break
    return torch.cat(kept)[:CODES]


def _log_normal(latents: Tensor) -> Tensor:
    """Log N(z; 0, I) over the last dimension."""
    return -0.5 * (latents.square() + math.log(2 * math.pi)).sum(-1)
