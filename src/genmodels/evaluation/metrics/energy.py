"""The energy distance between two sets of points: 0 on average for equal distributions.

It compares the whole shape of distributions, not only means and covariances. It is computed along
single directions, where sorting replaces all pairs.
"""

import torch
from torch import Tensor

from genmodels.system import randomness
from genmodels.system.tuning import threads

DIRECTIONS = 500  # random directions, and the most columns that are in memory at the same time


def distance(a: Tensor, b: Tensor) -> float:
    """Return the energy distance along a direction, averaged: half over the axes, half over others.

    The others are fixed random directions: their mean is the energy distance in D dimensions, up
    to a constant (Székely & Rizzo, Energy statistics, 2013). By themselves they would see little of
    the shape of independent axes, because sums of many of them are nearly normal. It can be
    slightly negative.

    Args:
        a, b: (N, D) and (M, D), N and M ≥ 2.
    """
    a, b = a.double(), b.double()
    axes = [along(*both) for both in zip(_columns(a), _columns(b), strict=True)]
    generator = randomness.generator(0, "directions of the energy distance")
    drawn = torch.randn(a.shape[1], DIRECTIONS, generator=generator, dtype=torch.float64)
    directions = drawn / drawn.norm(dim=0)
    others = along(_product(a, directions), _product(b, directions))
    return ((torch.cat(axes).mean() + others.mean()) / 2).item()


def along(a: Tensor, b: Tensor) -> Tensor:
    """Return 2 E|x − y| − E|x − x'| − E|y − y'| of each column: (N, K) and (M, K) → (K,).

    Each mean is over pairs of different points, so the distance is unbiased.
    """
    count, other = len(a), len(b)
    within_a, within_b = _pairs(a), _pairs(b)
    across = (_pairs(torch.cat([a, b])) - within_a - within_b) / (count * other)
    inside = within_a / (count * (count - 1)) + within_b / (other * (other - 1))
    return 2 * (across - inside)


def _pairs(points: Tensor) -> Tensor:
    """Return the sum of the distances of all pairs in each column: (N, K) → (K,)."""
    ranks = torch.arange(len(points), dtype=torch.float64)
    return _product(2 * ranks - len(points) + 1, points.sort(0).values)


@threads(1)
def _product(a: Tensor, b: Tensor) -> Tensor:
    """Return a @ b, rounded alike for any number of threads."""
    return a @ b


def _columns(points: Tensor) -> tuple[Tensor, ...]:
    return points.split(DIRECTIONS, dim=1)
