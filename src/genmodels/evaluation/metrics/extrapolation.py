"""The Fréchet distance without the bias of finite numbers of images."""

import torch
from torch import Tensor

from genmodels.evaluation.metrics import distances
from genmodels.system import randomness

PARTS = (1, 2, 4)  # into how many disjoint parts both sides are divided


def unbiased_frechet(a: Tensor, b: Tensor) -> float:
    """Return the Fréchet distance extrapolated to infinitely many points on both sides.

    The distance of N and M points is d + c₁/N + c₂/M to first order. Chong & Forsyth, Effectively
    unbiased FID and Inception score (2020), fit a line in 1/N to subsets of the samples against all
    real images, which removes c₁/N alone. Here both sides are divided into 1, 2 and 4 disjoint
    parts, in a fixed random order. So c₁/N + c₂/M grows in proportion to the number of parts, and
    the value of the line at 0 parts is d. Terms of second order remain; they count if a part has
    few more points than dimensions. The number can be slightly negative.

    Args:
        a, b: (N, D) and (M, D), N and M ≥ 8.
    """
    a, b = _shuffled(a), _shuffled(b)
    means = [_mean_distance(a, b, parts) for parts in PARTS]
    middle, height = sum(PARTS) / len(PARTS), sum(means) / len(means)
    rise = sum((x - middle) * y for x, y in zip(PARTS, means, strict=True))
    return height - middle * rise / sum((x - middle) ** 2 for x in PARTS)


def _shuffled(points: Tensor) -> Tensor:
    generator = randomness.generator(0, "order of the extrapolation")
    return points[torch.randperm(len(points), generator=generator)]


def _mean_distance(a: Tensor, b: Tensor, parts: int) -> float:
    """Return the mean Fréchet distance between equal parts of two sets."""
    sides = (side[: len(side) // parts * parts].chunk(parts) for side in (a, b))
    gaussians = [[distances.gaussian(part) for part in side] for side in sides]
    return sum(map(distances.frechet, *gaussians)) / parts
