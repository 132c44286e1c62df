"""Statistics: confidence intervals over training seeds, and tests between models.

Three sources of chance are kept apart: training (the seed), the finite set of test images, which
all models share, and the number of tests.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, mean, variance
from typing import TypeVar

from torch import Tensor

from genmodels.evaluation.metrics.metric import Scale

CONFIDENCE = 0.95
LEVEL = 1 - CONFIDENCE  # of the tests, after Holm's correction
SEEDS = 5  # recommended: three find a doubled FD and little else (docs/reference/certainty.md)
POWER = 0.8  # the chance to find a difference, at which it counts as one that can be seen
MOST_SEEDS = 1000
LARGEST = 700.0  # logarithm of the largest number, about
FEWEST_RANKED = 3  # fewest models whose order is compared
ROUNDING = 1e-12  # values that differ relatively by less count as equal
Name = TypeVar("Name")


@dataclass(frozen=True)
class Estimate:
    """The mean over training seeds.

    Attributes:
        mean: of the values: the geometric mean on the scale ``positive``, else the arithmetic.
        low, high: the interval; None with one seed.
        values: one for each seed.
        scale: on which the interval is symmetric.
        test_images: whether the interval has the error by the finite set of test images in it.
    """

    mean: float
    low: float | None
    high: float | None
    values: tuple[float, ...]
    scale: Scale = "any"
    test_images: bool = False


def estimate(values: Sequence[float], scale: Scale = "any", error: float = 0.0) -> Estimate:
    """Return the mean and the t-interval (Student, 1908) of one or more values.

    On the scale ``positive`` the interval is computed for logarithms; on ``share`` for asin √p,
    whose variance hardly depends on p (Freeman & Tukey, 1950). So it stays within the bounds of
    the number. It has no width if the values differ by rounding alone.

    Args:
        values: one for each seed.
        scale: of the number; where a positive number has a value ≤ 0, the scale ``any`` is taken.
        error: standard error by the finite set of test images, on the transformed scale.
    """
    if len(values) == 1:
        return Estimate(values[0], None, None, tuple(values), scale)
    least = 0.0 if scale == "positive" else -math.inf
    if scale == "positive" and min(values) <= 0:
        scale, error = "any", 0.0
    at = [_transformed(value, scale) for value in values]
    centre = _back(mean(at), scale) if scale == "positive" else mean(values)
    half = _half([(_variance(at) / len(at), len(at) - 1.0), (error**2, math.inf)], LEVEL)
    low, high = (_back(mean(at) + sign * half, scale) for sign in (-1, 1))
    return Estimate(centre, max(least, low), high, tuple(values), scale, error > 0)


@dataclass(frozen=True)
class Difference:
    """The difference between two models on the scale of a number.

    Attributes:
        size: mean of the second less mean of the first, transformed; the logarithm of the ratio
            of geometric means on the scale ``positive``.
        variances: of a single training, of the first and of the second model.
        seeds: of the first and of the second model.
        shared: standard error of the difference by the finite set of test images.
        scale: on which the models are compared.
    """

    size: float
    variances: tuple[float, float]
    seeds: tuple[int, int]
    shared: float
    scale: Scale = "positive"

    @property
    def p_value(self) -> float:
        """The two-sided p-value: the level at which the interval of the difference touches 0.

        With one source of error it is that of Welch's test (1947). Without any the test has no
        statistic: the value is 1 for equal means, else 0.
        """
        parts = self._parts(*self.seeds)
        if self.size == 0 or not any(part for part, _ in parts):
            return float(self.size == 0)
        low, high = -700.0, 0.0  # logarithms of the value
        for _ in range(60):
            middle = (low + high) / 2
            outside = _half(parts, math.exp(middle)) < abs(self.size)
            low, high = (low, middle) if outside else (middle, high)
        return math.exp(high)

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the difference, on its scale."""
        half = _half(self._parts(*self.seeds), LEVEL)
        return self.size - half, self.size + half

    def detectable(self, level: float) -> float:
        """Return the smallest difference that these seeds show, in four of five such studies."""
        return self._needed(*self.seeds, level)

    def seeds_needed(self, level: float) -> int | None:
        """Return how many seeds of each model would show this difference, in four of five studies.

        None if more than ``MOST_SEEDS`` would be needed, for example because the test images are
        too few.
        """

        def seen(seeds: int) -> bool:
            return self._needed(seeds, seeds, level) <= abs(self.size)

        if not seen(MOST_SEEDS):
            return None
        return 2 + bisect_left(range(2, MOST_SEEDS), True, key=seen)

    def limited_by_images(self, level: float) -> bool:
        """Return whether the test images alone hide this difference from any number of seeds."""
        return _visible([(self.shared**2, math.inf)], level) > abs(self.size)

    def _needed(self, first: int, second: int, level: float) -> float:
        return _visible(self._parts(first, second), level)

    def _parts(self, first: int, second: int) -> list[tuple[float, float]]:
        """Return the variance by the seeds and by the test images, with degrees of freedom.

        Those of the seeds are Satterthwaite's (1946).
        """
        counts = (first, second)
        seeds = [variance / count for variance, count in zip(self.variances, counts, strict=True)]
        total = sum(seeds)
        if total == 0:
            return [(self.shared**2, math.inf)]
        shares = [part / total for part in seeds]  # their own squares could underflow
        inverse = sum(share**2 / (n - 1) for share, n in zip(shares, counts, strict=True))
        return [(total, 1 / inverse), (self.shared**2, math.inf)]


def difference(a: Estimate, b: Estimate, shared: float = 0.0) -> Difference | None:
    """Compare two models; None if either has fewer than two seeds.

    Both are compared on their common scale, ``any`` if theirs differ.
    """
    if min(len(a.values), len(b.values)) < 2:
        return None
    scale = a.scale if a.scale == b.scale else "any"
    one, other = ([_transformed(v, scale) for v in each.values] for each in (a, b))
    size = mean(other) - mean(one)
    if math.isclose(mean(one), mean(other), rel_tol=ROUNDING):
        size = 0.0
    shared = shared if scale == a.scale else 0.0
    spread = (_variance(one), _variance(other))
    return Difference(size, spread, (len(one), len(other)), shared, scale)


def welch(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Return the two-sided p-value of Welch's test (1947) for equal means.

    None if either side has fewer than two values.
    """
    found = difference(estimate(a), estimate(b))
    return found.p_value if found else None


def holm(p_values: Mapping[Name, float]) -> dict[Name, float]:
    """Adjust p-values for the number of tests (Holm, 1979).

    If all tests with an adjusted value ≤ ``LEVEL`` are rejected, the probability of one or more
    false rejections is at most ``LEVEL``.
    """
    adjusted: dict[Name, float] = {}
    largest = 0.0
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    for rank, (name, p_value) in enumerate(ordered):
        largest = max(largest, min(1.0, (len(ordered) - rank) * p_value))
        adjusted[name] = largest
    return adjusted


def kendall(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Return Kendall's rank correlation τ_b of two orders (Kendall, 1945): 1 for equal ones.

    None for fewer than three values, whose order agrees or not by a single pair, and if one side
    has equal values alone.
    """
    if min(len(a), len(b)) < FEWEST_RANKED or 1 in (len(set(a)), len(set(b))):
        return None
    from scipy import stats  # here, because it takes a second

    return float(stats.kendalltau(a, b).statistic)


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the interval of a share of independent cases, within [0, 1].

    Wilson, Probable inference, the law of succession, and statistical inference (1927).

    Args:
        share: of cases, from 0 to 1.
        count: of cases.
    """
    square = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) ** 2
    middle = (share + square / (2 * count)) / (1 + square / count)
    spread = share * (1 - share) / count + square / (4 * count**2)
    half = math.sqrt(square * spread) / (1 + square / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def _transformed(value: float, scale: Scale) -> float:
    if scale == "positive":
        return math.log(value)
    if scale == "share":
        return math.asin(math.sqrt(min(max(value, 0.0), 1.0)))
    return value


def _back(value: float, scale: Scale) -> float:
    if scale == "positive":
        return math.exp(min(value, LARGEST))
    if scale == "share":
        return math.sin(min(max(value, 0.0), math.pi / 2)) ** 2
    return value


def _visible(parts: Sequence[tuple[float, float]], level: float) -> float:
    """Return the smallest difference that a test finds with the probability ``POWER``.

    The statistic then has a noncentral t-distribution (Johnson & Welch, 1940).
    """
    from scipy import special  # here, because one seed allows no test

    total = sum(part for part, _ in parts)
    if total == 0:
        return 0.0
    error, inverse = math.sqrt(total), sum((part / total) ** 2 / n for part, n in parts)
    critical = _half(parts, level) / error
    if inverse == 0:
        return error * (critical - float(special.ndtri(1 - POWER)))
    return error * float(special.nctdtrinc(1 / inverse, 1 - POWER, critical))


def _half(parts: Sequence[tuple[float, float]], outside: float) -> float:
    """Return half the width of an interval around a sum of independent errors.

    The half widths that each error has alone are added in squares (MOVER; Zou & Donner,
    Construction of confidence limits about effect measures, 2008), so that a second error never
    narrows the interval.

    Args:
        parts: the variance of each error, and its degrees of freedom.
        outside: probability that the truth is outside of the interval.
    """
    from scipy import special  # here, because one seed needs no interval

    def quantile(degrees: float) -> float:
        tail = outside / 2  # the lower one, where small probabilities are exact
        return float(special.ndtri(tail) if math.isinf(degrees) else special.stdtrit(degrees, tail))

    return math.sqrt(sum(part * quantile(degrees) ** 2 for part, degrees in parts if part))


def _variance(values: Sequence[float]) -> float:
    """Return the variance of two or more values; zero if they differ by rounding alone."""
    found = variance(values)
    return found if math.sqrt(found) > ROUNDING * max(map(abs, values)) else 0.0


def standard_error(influence: Tensor) -> float:
    """Return the standard error of a number by the finite set of images.

    Args:
        influence: (N,), how much each image counts in the number, to first order.
    """
    return math.sqrt(influence.var().item() / len(influence))
