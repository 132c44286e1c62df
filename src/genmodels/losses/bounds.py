"""Soft bounds of learnt log variances and log scales, whose exponentials may overflow.

With a range [a, b] and a room r, and e the distance of x from the range::

    bounded(x) = x                            within the range
               = b + r - r / (1 + e / r)      above it; below it the mirror image, from a

The bounded values lie in [a - r, b + r]. The gradient is 1 within the range and 1 / (1 + e / r)²
outside: it is continuous, and 1e-6 at e = 1000 r. The gradient of a clamp is 0 there at once, and
that of a tanh is 0 in float32 from e = 10 r on, so a number that once left would never return.

The form is this project's. Clamps to [-30, 20] are usual for log variances, such as in the code of
Rombach et al., High-Resolution Image Synthesis with Latent Diffusion Models (2022).
"""

import torch
from torch import Tensor

# The range of log variances in which nothing changes. Measured: on MNIST they are between -8.6 and
# 0.4 after 700 steps of vae.yaml and of vae-gmm.yaml. On photographs of 3 × 32 × 32 they stayed
# between -12.0 and 1.1 in 850 steps of vae-gmm.yaml.
LEAST, MOST = -20.0, 10.0
ROOM = 5.0  # beyond it on both sides: exp(15) = 3e6, and 1 / exp(-25) = 7e10


def bounded(values: Tensor, least: float, most: float, room: float) -> Tensor:
    """Bound values softly; those within a range are the same, bit for bit.

    Args:
        values: of any shape.
        least, most: the range.
        room: how far bounded values may lie outside the range, above 0.

    Returns:
        The same shape, in [least - room, most + room]. NaN stays NaN.
    """
    nearest = values.clamp(least, most)
    excess = values - nearest
    beyond = room - room / (1 + excess.abs() / room)
    return torch.where(excess == 0, values, nearest + excess.sign() * beyond)


def bounded_log_variance(log_variance: Tensor) -> Tensor:
    """Bound log variances of any shape to [-25, 15]; those in [-20, 10] stay as they are."""
    return bounded(log_variance, LEAST, MOST, ROOM)


def bounded_log_scale(log_scale: Tensor) -> Tensor:
    """Bound logarithms of standard deviations: half the bounds of log variances."""
    return bounded(log_scale, LEAST / 2, MOST / 2, ROOM / 2)


def mean_and_log_variance(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Split an encoder's outputs: (B, 2 D) → means and bounded log variances, (B, D) each.

    Both are float32.
    """
    mean, log_variance = outputs.float().chunk(2, dim=1)
    return mean, bounded_log_variance(log_variance)
