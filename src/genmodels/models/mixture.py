"""A mixture of normal distributions with full covariances, fitted to points."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from genmodels import losses

ADDED_VARIANCE = 1e-6  # keeps covariances positive definite; as in scikit-learn
CENTRE_STEPS = 10  # of k-means, from which a fit starts
CENTRE_POINTS = 20_000  # at most so many points place the centres
BLOCK = 2**20  # numbers that are worked on at once: 8 MiB, so that they stay in the cache

# Points (N, D), and their products → the shares of the components in each point, (N, K).
Shares = Callable[[Tensor, Tensor], Tensor]


class Mixture(NamedTuple):
    """Weighted normal distributions.

    Attributes:
        weights: (K,), with sum 1.
        means: (K, D).
        factors: (K, D, D), the lower Cholesky factors of the covariances.
    """

    weights: Tensor
    means: Tensor
    factors: Tensor


def fit(points: Tensor, components: int, steps: int) -> Mixture:
    """Fit a mixture by expectation and maximisation, started from k-means.

    Dempster, Laird & Rubin (1977); Bishop, Pattern Recognition and Machine Learning (2006),
    section 9.2.2. A log-density is a linear function of the products of two coordinates, so each
    half of a step is one matrix product for all components.
    The same points give the same mixture.

    Args:
        points: (N, D), of any floating-point type.
        components: K, the number of normal distributions.
        steps: number of steps of expectation and maximisation.

    Returns:
        The mixture, in float64.

    Raises:
        ValueError: the points are not finite, or fewer than K of them are distinct.
    """
    if not points.isfinite().all():
        raise ValueError("some are not finite")
    points = points.double()
    centre = points.mean(0)
    points = points - centre  # squares of large numbers would lose the variances
    centres = _centres(points[:: 1 + len(points) // CENTRE_POINTS].float(), components)
    found = _maximise(points, components, _nearest(centres))
    for _ in range(steps):
        found = _maximise(points, components, _posterior(found))
    return found._replace(means=found.means + centre)


def _maximise(points: Tensor, components: int, shares: Shares) -> Mixture:
    """Return the mixture of greatest likelihood, given the shares of components in points."""
    count, size = points.shape
    pairs = torch.triu_indices(size, size)
    sums = points.new_zeros(components, pairs.shape[1] + size + 1)
    for block in points.split(max(1, BLOCK // max(sums.shape))):
        products = _products(block)
        sums.addmm_(shares(block, products).T, products)
    squares, linear, total = sums.split([pairs.shape[1], size, 1], dim=1)
    total = total + 10 * torch.finfo(total.dtype).eps  # a component may have no points
    means = linear / total
    covariances = means.new_empty(components, size, size)
    covariances[:, *pairs] = covariances[:, *pairs.flip(0)] = squares / total
    covariances -= means.unsqueeze(2) * means.unsqueeze(1)
    covariances.diagonal(dim1=1, dim2=2).add_(ADDED_VARIANCE)
    factors, failures = torch.linalg.cholesky_ex(covariances)
    if failures.any():
        raise ValueError("a covariance is not positive definite")
    return Mixture(total.squeeze(1) / count, means, factors)


def _posterior(mixture: Mixture) -> Shares:
    """Return the shares that points have in the components of a mixture."""
    polynomials = _polynomials(mixture).T
    return lambda _, products: (products @ polynomials).softmax(1)


def _nearest(centres: Tensor) -> Shares:
    """Return the share 1 of each point in the component of its nearest centre."""

    def shares(points: Tensor, _: Tensor) -> Tensor:
        nearest = torch.cdist(points, centres).argmin(1)
        return functional.one_hot(nearest, len(centres)).to(points.dtype)

    return shares


def _products(points: Tensor) -> Tensor:
    """Return all products of two coordinates, the coordinates, and 1: (N, D) → (N, products)."""
    rows, columns = torch.triu_indices(points.shape[1], points.shape[1])
    one = points.new_ones(len(points), 1)
    return torch.cat([points[:, rows] * points[:, columns], points, one], dim=1)


def _polynomials(mixture: Mixture) -> Tensor:
    """Return log(weight · density) of each component by its coefficients: (K, products)."""
    weights, means, factors = mixture
    size = means.shape[1]
    rows, columns = torch.triu_indices(size, size)
    precisions = torch.cholesky_inverse(factors)
    linear = (precisions @ means.unsqueeze(2)).squeeze(2)
    volumes = factors.diagonal(dim1=1, dim2=2).log().sum(1)
    constant = weights.log() - volumes - 0.5 * (size * losses.LOG_TWO_PI + (means * linear).sum(1))
    square = precisions[:, rows, columns] * torch.where(rows == columns, -0.5, -1.0)
    return torch.cat([square, linear, constant.unsqueeze(1)], dim=1)


def _centres(points: Tensor, count: int) -> Tensor:
    """Return the centres of clusters, (count, D), in float64.

    K-means, Lloyd (1982), started by k-means++, Arthur & Vassilvitskii (2007).
    """
    generator = torch.Generator().manual_seed(0)
    centres = points.new_empty(count, points.shape[1])
    distances = points.new_ones(len(points))
    for number in range(count):
        if not distances.any():
            raise ValueError(f"only {number:,} are distinct")
        centres[number] = points[torch.multinomial(distances, 1, generator=generator)]
        squares = (points - centres[number]).square().sum(1)
        distances = squares if number == 0 else distances.minimum(squares)
    blocks = points.split(max(1, BLOCK // count))
    for _ in range(CENTRE_STEPS):
        nearest = torch.cat([torch.cdist(block, centres).argmin(1) for block in blocks])
        members = nearest.bincount(minlength=count).unsqueeze(1)
        means = torch.zeros_like(centres).index_add_(0, nearest, points) / members
        centres = torch.where(members > 0, means, centres)
    return centres.double()
