"""A mixture of discretised logistic densities for each eight-bit pixel.

Salimans et al., PixelCNN++ (2017), equations 1 and 2. The two outermost levels extend to
infinity, so the probabilities of the 256 levels sum to 1.
"""

import math

import torch
from torch import Tensor

from genmodels.losses.likelihoods import LEVELS, log_probability_between

EDGE = 2 / (LEVELS - 1)  # between the upper edges of two levels, in [-1, 1]
LEAST = -7.0  # smallest logarithm of a scale, as in their code


def mixture_log_probability(outputs: Tensor, levels: Tensor) -> Tensor:
    """Return the log-probabilities of levels.

    Args:
        outputs: (..., 3 K): logits of K weights, K means in [-1, 1] or near it, and K
            logarithms of scales in the same units.
        levels: (...), int64 from 0 to 255.

    Returns:
        (...), nats.
    """
    logits, means, inverse_scales = _parts(outputs)
    below, above = (_standard(levels - step, means, inverse_scales) for step in (1, 0))
    ends = (levels == 0).unsqueeze(-1), (levels == LEVELS - 1).unsqueeze(-1)
    each = log_probability_between(below, above, ends)
    return (logits.log_softmax(-1) + each).logsumexp(-1)


def mixture_cumulative(outputs: Tensor, levels: Tensor) -> Tensor:
    """Return the probabilities that a pixel is at a level or below it, (...).

    Args:
        outputs, levels: as for :func:`mixture_log_probability`.
    """
    logits, means, inverse_scales = _parts(outputs)
    share = _standard(levels, means, inverse_scales).sigmoid()
    mixed = (logits.softmax(-1) * share).sum(-1)
    return torch.where(levels == LEVELS - 1, 1.0, mixed)


def mixture_level(outputs: Tensor, chances: Tensor) -> Tensor:
    """Return the lowest levels whose cumulative probabilities are at least ``chances``.

    They are found by bisection. This is the innermost loop of sampling, so the densities come
    first in memory, and the upper edge of a level is standardised by one product and one sum.

    Args:
        outputs: (..., 3 K), as for :func:`mixture_log_probability`.
        chances: (...), from 0 to 1; float64, or float32 numbers of :func:`rounded_up`.

    Returns:
        (...), int64 from 0 to 255.
    """
    logits, means, inverse_scales = _parts(outputs.movedim(-1, 0).contiguous(), 0)
    weights = (logits - logits.amax(0)).exp_()  # faster than softmax along the first dimension
    weights /= weights.sum(0)
    slopes, edges = inverse_scales * EDGE, (EDGE / 2 - 1 - means) * inverse_scales
    least = rounded_up(chances)
    levels = torch.zeros_like(least)
    step = LEVELS // 2
    while step:
        shares = torch.addcmul(edges, levels + (step - 1), slopes).sigmoid_()
        levels.add_(shares.mul_(weights).sum(0).lt_(least), alpha=step)
        step //= 2
    return levels.long()


def rounded_up(chances: Tensor) -> Tensor:
    """Return float32 numbers that are above the same float32 numbers as the given ones."""
    if chances.dtype == torch.float32:
        return chances
    nearest = chances.float()
    above = torch.nextafter(nearest, torch.full_like(nearest, math.inf))
    return torch.where(nearest < chances, above, nearest)


def _parts(outputs: Tensor, dim: int = -1) -> tuple[Tensor, Tensor, Tensor]:
    """Return logits of weights, means, and inverse scales, each with K in dimension ``dim``."""
    logits, means, log_scales = outputs.float().chunk(3, dim)
    return logits, means, (-log_scales.clamp(min=LEAST)).exp()


def _standard(levels: Tensor, means: Tensor, inverse_scales: Tensor) -> Tensor:
    """Return the upper edge of each level, standardised by mean and scale of each density."""
    edges = (2 * levels.float() + 1) / (LEVELS - 1) - 1
    return (edges.unsqueeze(-1) - means) * inverse_scales
