"""Distances between two sets of features: Fréchet, and nearest neighbours.

They are functions of features (N, D) in float64, without random numbers. Sums and decompositions
are computed by one thread, because their rounding depends on the number: so equal features give
equal numbers with any number of threads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.system.tuning import threads

EMPTY = 1e-12  # directions of less variance than this share of the largest count as empty
ROWS = 1000  # rows of a distance matrix that are in memory at the same time


@dataclass(frozen=True)
class Gaussian:
    """Mean (D,) and covariance (D, D) of features; the covariance is divided by N − 1."""

    mean: Tensor
    covariance: Tensor


@threads(1)
def gaussian(features: Tensor) -> Gaussian:
    """Fit a Gaussian to features (N, D), N ≥ 2."""
    return Gaussian(features.double().mean(0), features.double().T.cov())


@threads(1)
def frechet(a: Gaussian, b: Gaussian) -> float:
    """Return the Fréchet distance ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁^½ Σ₂ Σ₁^½)^½).

    Dowson & Landau (1982), equation 4. On Inception features it is the FID of Heusel et al.
    (2017).
    """
    root = _root(a.covariance)
    cross = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp(min=0).sqrt().sum()
    shift = (a.mean - b.mean).square().sum()
    distance = shift + a.covariance.trace() + b.covariance.trace() - 2 * cross
    return max(0.0, distance.item())  # rounding can make it negative


@threads(1)
def influence(features: Tensor, other: Gaussian) -> Tensor:
    """Return how much each image counts in its side's Fréchet distance, to first order.

    With T the optimal map from the Gaussian of ``features`` to the other (Dowson & Landau, 1982;
    Bhatia, Jain & Lim, On the Bures–Wasserstein distance between positive definite matrices, 2019,
    equation 39 for the gradient I − T), the value of an image with features x is
    2 (μ₁ − μ₂)ᵀ(x − μ₁) + (x − μ₁)ᵀ(I − T)(x − μ₁), less the mean of all. The variance of
    the distance over other sets of N images is that of these values divided by N (the
    infinitesimal jackknife; Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter
    21). The distances of two models to the same images vary together, as their values do.

    Args:
        features: (N, D) of real images.
        other: the Gaussian of samples.

    Returns:
        (N,), float64, of mean 0.
    """
    own = gaussian(features)
    root = _root(other.covariance)
    middle = root @ own.covariance @ root
    values, vectors = torch.linalg.eigh(middle)
    kept = values > values.amax() * EMPTY
    inverse = torch.where(kept, values, 1).rsqrt() * kept
    bridge = root @ (vectors * inverse @ vectors.T) @ root
    centred = features.double() - own.mean
    stretch = torch.eye(len(own.mean), dtype=torch.float64, device=features.device) - bridge
    found = 2 * centred @ (own.mean - other.mean) + (centred @ stretch * centred).sum(1)
    return found - found.mean()


def _root(covariance: Tensor) -> Tensor:
    """Return the symmetric square root of a covariance."""
    values, vectors = torch.linalg.eigh(covariance)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def nearest(queries: Tensor, references: Tensor) -> Tensor:
    """Return the distance of each query to the nearest reference, (N,).

    The search is in float32, the returned distances are computed in float64.

    Args:
        queries, references: (N, D) and (M, D).
    """
    rows = []
    squares = references.float().square().sum(1)
    for block in queries.float().split(ROWS):
        rows.append((squares - 2 * block @ references.float().T).argmin(1))
    return (queries.double() - references[torch.cat(rows)].double()).norm(dim=1)


def distance_blocks(a: Tensor, b: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield row numbers of ``a`` and the distances from those rows to all of ``b``."""
    for rows in torch.arange(len(a)).split(ROWS):
        yield rows, torch.cdist(a[rows], b, compute_mode="use_mm_for_euclid_dist")
