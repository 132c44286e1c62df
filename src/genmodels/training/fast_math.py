"""Functions that PyTorch's libraries compute slowly on some processors, by ones that are fast.

On an AMD Zen 5, log1p of 128 × 784 numbers takes 504 µs and expm1 542, where exp takes 34. Inside
a compiled objective these formulas cost little more than the logarithm or the exponential. Their
errors are within a few units in the last place: the rounding of 1 + x, or of exp(x), appears in
both factors and cancels (Kahan; Higham, Accuracy and Stability of Numerical Algorithms, 2002,
section 1.14.1).
"""

import torch
from torch import Tensor


def log1p(x: Tensor) -> Tensor:
    """Return log(1 + x) by log; the shape and the type are those of ``x``."""
    u = 1 + x
    exact = u.log() * (x / (u - 1))
    return torch.where((u == 1) | (u == torch.inf), x, exact)


def expm1(x: Tensor) -> Tensor:
    """Return exp(x) - 1 by exp and log; the shape and the type are those of ``x``."""
    u = x.exp()
    exact = (u - 1) * (x / u.log())
    # Where exp(x) rounds to 1, 0 or infinity, the logarithm says nothing about x.
    return torch.where(u == 1, x, torch.where((u < 0.1) | u.isinf(), u - 1, exact))
