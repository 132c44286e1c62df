"""The kernel distance between two sets of features, and its standard error."""

from dataclasses import dataclass

import torch
from torch import Tensor

ROWS = 1000  # rows of a kernel matrix that are in memory at the same time


@dataclass(frozen=True)
class KernelDistance:
    """The unbiased squared MMD, which can be slightly negative, and its standard error."""

    distance: float
    error: float


@dataclass(frozen=True)
class _Values:
    """The values k(x, y) of all pairs of points.

    Attributes:
        count: the number of pairs.
        rows, columns: (N,) and (M,), the mean over the pairs of each point.
        squares: the sum of the squared values.
    """

    count: int
    rows: Tensor
    columns: Tensor
    squares: float

    @property
    def mean(self) -> float:
        return self.rows.mean().item()

    @property
    def remainder(self) -> float:
        """The variance of the values that the means of their points do not explain."""
        total = self.squares / self.count - self.mean**2
        return total - (self.rows.var() + self.columns.var()).item()


def kernel(a: Tensor, b: Tensor) -> KernelDistance:
    """Return the unbiased squared MMD with the kernel (x·y / D + 1)³, and its standard error.

    The distance is that of Bińkowski et al., Demystifying MMD GANs (2018), section 3.3, but over
    all pairs instead of random subsets. Its variance over other sets of points is that of a
    U-statistic of two samples, in closed form: of the means of each point's pairs, and of what
    they do not explain, which is all that is left of equal distributions (Hoeffding, A class of
    statistics with asymptotically normal distribution, 1948; Sutherland & Deka, Unbiased
    estimators for the variance of MMD estimators, 2019). The variance of those means is estimated
    with their own noise taken off, and is 0 at least, so the error of nearly equal distributions
    is rather too large than too small.

    Args:
        a, b: (N, D) and (M, D), N and M ≥ 2.
    """
    a, b = a.double(), b.double()
    count, other = len(a), len(b)
    of_a, of_b, across = _within(a), _within(b), _across(a, b)
    rest_a, rest_b, rest = of_a.remainder, of_b.remainder, across.remainder
    main_a = (of_a.rows - across.rows).var().item() - rest_a / (count - 1) - rest / other
    main_b = (of_b.rows - across.columns).var().item() - rest_b / (other - 1) - rest / count
    explained = max(0.0, 4 * main_a / count + 4 * main_b / other)
    unexplained = (
        2 * rest_a / (count * (count - 1))
        + 2 * rest_b / (other * (other - 1))
        + 4 * rest / (count * other)
    )
    distance = of_a.mean + of_b.mean - 2 * across.mean
    return KernelDistance(distance, (explained + max(0.0, unexplained)) ** 0.5)


def _across(a: Tensor, b: Tensor) -> _Values:
    """Return the values between two sets."""
    rows, columns, squares = [], torch.zeros(len(b), dtype=torch.float64), 0.0
    for block in a.split(ROWS):
        values = (block @ b.T / a.shape[1] + 1).pow_(3)
        rows.append(values.sum(1))
        columns += values.sum(0)
        squares += _sum(values.square_())
    return _Values(len(a) * len(b), torch.cat(rows) / len(b), columns / len(a), squares)


def _within(a: Tensor) -> _Values:
    """Return the values between different points of one set; each pair is computed once."""
    sums, squares = torch.zeros(len(a), dtype=torch.float64), 0.0
    for start in range(0, len(a), ROWS):
        block, later = a[start : start + ROWS], a[start + ROWS :]
        values = (block @ block.T / a.shape[1] + 1).pow_(3).fill_diagonal_(0)
        sums[start : start + ROWS] += values.sum(1)
        squares += _sum(values.square_())
        values = (block @ later.T / a.shape[1] + 1).pow_(3)
        sums[start : start + ROWS] += values.sum(1)
        sums[start + ROWS :] += values.sum(0)
        squares += 2 * _sum(values.square_())
    rows = sums / (len(a) - 1)
    return _Values(len(a) * (len(a) - 1), rows, rows, squares)


def _sum(values: Tensor) -> float:
    """Return the sum of a matrix, by rows first: rounding of one sum depends on the threads."""
    return values.sum(1).sum().item()
