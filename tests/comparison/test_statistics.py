"""Intervals and tests against textbook values and an independent library."""

from statistics import stdev

import pytest
from scipy import stats

from genmodels.comparison import statistics


def test_t_interval() -> None:
    # Three values with mean 2 and deviation 1: 4.3027 / sqrt(3).
    found = statistics.estimate([1.0, 2.0, 3.0])
    assert found.mean == 2
    assert found.half == pytest.approx(2.4841, abs=1e-4)
    assert statistics.estimate([5.0]).half is None


def test_welch_agrees_with_its_formula() -> None:
    a, b = [20.1, 22.3, 19.8, 21.0], [24.5, 30.2, 22.8]
    va, vb = (stdev(x) ** 2 / len(x) for x in (a, b))
    t = (statistics.mean(a) - statistics.mean(b)) / (va + vb) ** 0.5
    degrees = (va + vb) ** 2 / (va**2 / 3 + vb**2 / 2)
    assert statistics.welch(a, b) == pytest.approx(2 * stats.t.sf(abs(t), degrees))


def test_welch_without_spread() -> None:
    assert statistics.welch([1.0], [2.0, 3.0]) is None
    assert statistics.welch([1.0, 1.0], [1.0, 1.0]) == 1
    assert statistics.welch([1.0, 1.0], [2.0, 2.0]) == 0


def test_holm() -> None:
    # Holm (1979): smallest times 3, next times 2, then as it is, never falling.
    assert statistics.holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06}
    )
    assert statistics.holm({}) == {}
