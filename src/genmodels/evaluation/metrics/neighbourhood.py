"""Precision, recall, density and coverage, and their clipped forms, by balls around points."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.evaluation.metrics.distances import distance_blocks


@dataclass(frozen=True)
class Neighbourhood:
    """Numbers of two sets of points, from the balls around each.

    All are shares except density, which is about 1 for equal distributions and can be larger.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    clipped_density: float
    clipped_coverage: float


@dataclass(frozen=True)
class _Neighbours:
    """The ``k`` nearest other points of each point: distances and rows, (N, k) each, sorted."""

    distances: Tensor
    rows: Tensor

    @property
    def radii(self) -> Tensor:
        """The distance to the ``k``-th neighbour, (N,)."""
        return self.distances[:, -1]


def neighbourhood(real: Tensor, generated: Tensor, k: int = 5) -> Neighbourhood:
    """Compare two sets by balls around each point, which reach to its ``k``-th neighbour.

    Precision and recall: Kynkäänniemi et al. (2019), equation 1. Density and coverage: Naeem et
    al. (2020), equations 4 and 6, with their k = 5. Clipped density and clipped coverage: Salvy,
    Talbot & Thirion, Enhanced generative model evaluation with clipped density and coverage
    (2026), with their k = 5.

    Args:
        real, generated: (N, D) and (M, D), N and M > k.
    """
    real, generated = real.double(), generated.double()
    of_real, radii_generated = _neighbours(real, k), _neighbours(generated, k).radii
    radii = of_real.radii
    clipped = radii.clamp(max=radii.quantile(0.5).item())
    recalled, covering = [], []
    inside, inside_clipped = (torch.zeros(len(generated), dtype=torch.long) for _ in range(2))
    for rows, distances in distance_blocks(real, generated):
        recalled.append((distances < radii_generated).any(1))
        in_ball = distances < radii[rows].unsqueeze(1)
        inside += in_ball.sum(0)
        inside_clipped += (distances <= clipped[rows].unsqueeze(1)).sum(0)
        covering.append(in_ball.sum(1))
    counts = torch.cat(covering)
    return Neighbourhood(
        precision=_mean(inside > 0),
        recall=_mean(torch.cat(recalled)),
        density=_mean(inside) / k,
        coverage=_mean(counts > 0),
        clipped_density=_clipped_density(inside_clipped, of_real, clipped),
        clipped_coverage=_good_share(_mean(counts.clamp(max=k)) / k, len(real), len(generated), k),
    )


def _clipped_density(inside: Tensor, of_real: _Neighbours, clipped: Tensor) -> float:
    """Return the clipped density, in [0, 1].

    A point counts as 1 if it is in k of the real points' balls, whose radii are at most their
    median, and in proportion if it is in fewer. The mean is relative to that of the real points,
    each without its own ball.

    Args:
        inside: (M,), the number of real balls that each generated point is in.
        of_real: the neighbours of the real points.
        clipped: (N,), the clipped radii of the real points.
    """
    k = of_real.rows.shape[1]
    members = of_real.rows[of_real.distances <= clipped.unsqueeze(1)]
    own = members.bincount(minlength=len(clipped))
    return min(1.0, _mean(inside.clamp(max=k)) / _mean(own.clamp(max=k)))


def _good_share(covered: float, real: int, generated: int, k: int) -> float:
    """Return the share of generated points at which good ones alone would cover as much.

    The mass of a ball that reaches to the k-th of the N − 1 other real points is Beta(k, N − k)
    for every continuous distribution. So the number of m good points in it is beta-binomial, and
    their mean cover, at most k of k, has a closed form.

    Args:
        covered: mean over real points of the number of generated points in their ball, at most
            ``k``, as a share of ``k``.
        real, generated: the numbers of points.
        k: of the neighbour that balls reach to.
    """
    good = torch.arange(generated + 1, dtype=torch.float64).unsqueeze(1)
    few = torch.arange(k, dtype=torch.float64)
    others = (good - few).clamp(min=0)
    choices = torch.lgamma(good + 1) - torch.lgamma(few + 1) - torch.lgamma(others + 1)
    ball = torch.tensor([k, real - k]).double()
    logs = choices + _log_beta(k + few, real - k + others) - _log_beta(ball[0], ball[1])
    chances = torch.where(few <= good, logs.exp(), 0.0)
    expected = 1 - ((k - few) * chances).sum(1) / k
    return min(1.0, torch.searchsorted(expected, covered).item() / generated)


def _log_beta(a: Tensor, b: Tensor) -> Tensor:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def _neighbours(points: Tensor, k: int) -> _Neighbours:
    """Find the ``k`` nearest other points of each point."""
    distances, rows = [], []
    for own, block in distance_blocks(points, points):
        block[torch.arange(len(own)), own] = torch.inf
        found = block.topk(k, dim=1, largest=False)
        distances.append(found.values)
        rows.append(found.indices)
    return _Neighbours(torch.cat(distances), torch.cat(rows))


def _mean(values: Tensor) -> float:
    return values.double().mean().item()
