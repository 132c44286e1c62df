"""Intervals and tests against textbook values and an independent library."""

from statistics import stdev

import pytest
from scipy import stats

from genmodels.comparison import statistics
from genmodels.comparison.cells import interval


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


@pytest.mark.filterwarnings("error")
def test_values_that_differ_by_rounding_alone_have_no_spread() -> None:
    a, b = [48.3, 48.3 + 7e-15, 48.3], [48.3 - 7e-15, 48.3, 48.3 - 7e-15]  # one unit of rounding
    assert len(set(a)) == len(set(b)) == 2
    assert statistics.estimate(a).half == 0
    assert interval(statistics.estimate(a)) == "48.3"
    assert statistics.welch(a, b) == 1
    assert statistics.welch(a, [50.0] * 3) == 0
    assert statistics.welch([0.0, 0.0], [0.0, 0.0]) == 1


@pytest.mark.filterwarnings("error")
def test_welch_with_spread_on_one_side_is_the_test_of_one_sample() -> None:
    a, b = [48.3, 48.3 + 7e-15, 48.3], [47.0, 49.0, 52.0]
    assert statistics.welch(a, b) == pytest.approx(stats.ttest_1samp(b, 48.3).pvalue)


def test_welch_does_not_depend_on_the_unit() -> None:
    # Squares of such small variances are below the smallest number.
    a, b = [1.0, 2.0, 4.0], [3.0, 5.0, 6.0]
    small = [[x * 1e-90 for x in side] for side in (a, b)]
    assert statistics.welch(*small) == pytest.approx(statistics.welch(a, b))


def test_holm() -> None:
    # Holm (1979): smallest times 3, next times 2, then as it is, never falling.
    assert statistics.holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx(
        {"a": 0.03, "b": 0.06, "c": 0.06}
    )
    assert statistics.holm({}) == {}
