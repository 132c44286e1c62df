"""Statistics: confidence intervals over training seeds, and tests between models."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean as mean  # also for those who read estimates
from statistics import variance
from typing import TypeVar

CONFIDENCE = 0.95
INTERVAL = f"{CONFIDENCE:.0%} t-interval over training seeds".replace("%", " %")
ROUNDING = 1e-12  # values that differ relatively by less count as equal
Name = TypeVar("Name")


@dataclass(frozen=True)
class Estimate:
    """The mean over training seeds.

    Attributes:
        mean: of the values.
        half: half the width of the interval; None with fewer than two seeds.
        values: one for each seed.
    """

    mean: float
    half: float | None
    values: tuple[float, ...]

    @property
    def low(self) -> float:
        """The lower end of the interval; the mean if there is none."""
        return self.mean - (self.half or 0.0)

    @property
    def high(self) -> float:
        """The upper end of the interval; the mean if there is none."""
        return self.mean + (self.half or 0.0)


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean and the t-interval (Student, 1908) of one or more values.

    The width is zero if the values differ by rounding alone.
    """
    if len(values) < 2:
        return Estimate(mean(values), None, tuple(values))
    from scipy import special  # here, because one seed needs no interval

    quantile = float(special.stdtrit(len(values) - 1, 0.5 + CONFIDENCE / 2))
    half = quantile * math.sqrt(_variance(values) / len(values))
    return Estimate(mean(values), half, tuple(values))


def welch(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Return the two-sided p-value of Welch's test (1947) for equal means.

    None if either side has fewer than two values. Without spread on both sides the test has no
    statistic: the value is 1 for equal means and 0 for others.
    """
    if min(len(a), len(b)) < 2:
        return None
    squares = [_variance(values) / len(values) for values in (a, b)]
    total = sum(squares)
    if total == 0:
        return 1.0 if math.isclose(mean(a), mean(b), rel_tol=ROUNDING) else 0.0
    from scipy import special  # here, because one seed allows no test

    shares = [square / total for square in squares]  # their own squares could underflow
    degrees = 1 / sum(
        share**2 / (len(values) - 1) for share, values in zip(shares, (a, b), strict=True)
    )
    t = abs(mean(a) - mean(b)) / math.sqrt(total)
    return float(2 * special.stdtr(degrees, -t))


def holm(p_values: Mapping[Name, float]) -> dict[Name, float]:
    """Adjust p-values for the number of tests (Holm, 1979).

    If all tests with an adjusted value ≤ 5 % are rejected, the probability of one or more false
    rejections is at most 5 %.
    """
    adjusted: dict[Name, float] = {}
    largest = 0.0
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    for rank, (name, p_value) in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - rank) * p_value))
        adjusted[name] = largest
    return adjusted


def _variance(values: Sequence[float]) -> float:
    """Return the variance of two or more values; zero if they differ by rounding alone."""
    found = variance(values)
    return found if math.sqrt(found) > ROUNDING * max(map(abs, values)) else 0.0
