"""Intervals and tests against textbook values and an independent library."""

import math
from statistics import mean, stdev

import numpy as np
import pytest
from scipy import stats

from genmodels.comparison import statistics
from genmodels.comparison.cells import interval, number, shown


def test_t_interval() -> None:
    # Three values with mean 2 and deviation 1: 4.3027 / sqrt(3).
    found = statistics.estimate([1.0, 2.0, 3.0])
    assert found.mean == 2
    assert found.high == pytest.approx(2 + 2.4841, abs=1e-4)
    assert found.low == pytest.approx(2 - 2.4841, abs=1e-4)
    alone = statistics.estimate([5.0])
    assert (alone.mean, alone.low, alone.high) == (5, None, None)


def test_positive_numbers_vary_by_ratios() -> None:
    values = [1.0, 2.0, 9.0]
    found = statistics.estimate(values, "positive")
    logs = [math.log(value) for value in values]
    half = stats.t.ppf(0.975, 2) * stdev(logs) / 3**0.5
    centre = sum(logs) / 3
    assert found.mean == pytest.approx(stats.gmean(values))
    assert found.low == pytest.approx(math.exp(centre - half))
    assert found.high == pytest.approx(math.exp(centre + half))
    assert statistics.estimate([0.0, 1.0], "positive").scale == "any"


@pytest.mark.parametrize("values", [[0.0, 0.0, 0.01], [1.0, 0.9, 1.0], [0.0, 1.0, 0.5]])
def test_intervals_of_shares_stay_between_0_and_1(values: list[float]) -> None:
    found = statistics.estimate(values, "share")
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low < found.mean < found.high <= 1


def test_the_finite_test_set_widens_an_interval() -> None:
    # Without any spread over the seeds, the quantile is that of the normal distribution.
    found = statistics.estimate([2.0, 2.0], "positive", error=0.1)
    assert found.low == pytest.approx(2 * math.exp(-0.1 * stats.norm.ppf(0.975)))
    assert found.test_images
    assert not statistics.estimate([2.0, 2.0], "positive").test_images
    assert not statistics.estimate([0.0, 2.0], "positive", error=0.1).test_images
    spread = [statistics.estimate([2.0, 2.5, 3.0], "positive", e).low or 0 for e in (0, 0.2, 1)]
    assert spread == sorted(spread, reverse=True)


def difference(a: list[float], b: list[float], shared: float = 0.0) -> statistics.Difference:
    one, other = (statistics.estimate(values, "positive") for values in (a, b))
    found = statistics.difference(one, other, shared)
    assert found is not None
    return found


def test_the_interval_of_a_difference_is_that_of_welch() -> None:
    a, b = [1.0, 2.0, 4.0], [3.0, 5.0, 4.0, 9.0]
    found = statistics.difference(statistics.estimate(a), statistics.estimate(b))
    assert found is not None
    expected = stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert found.interval == pytest.approx((expected.low, expected.high))
    wider = statistics.difference(statistics.estimate(a), statistics.estimate(b), shared=1.0)
    assert wider is not None
    assert wider.interval[0] < found.interval[0] < found.size < found.interval[1]


def test_the_test_is_that_of_logarithms_and_knows_the_error_of_the_test_images() -> None:
    a, b = [1.0, 1.2, 0.9], [2.0, 1.5, 1.7, 1.9]
    logs = [[math.log(value) for value in side] for side in (a, b)]
    plain = stats.ttest_ind(*logs, equal_var=False)
    found = difference(a, b)
    assert found.p_value == pytest.approx(plain.pvalue)
    assert math.exp(found.size) == pytest.approx(stats.gmean(b) / stats.gmean(a))
    assert difference(a, b, shared=0.3).p_value > found.p_value
    # Seeds without spread: a test of the normal distribution, whose error is that of the images.
    sure = difference([1.0, 1.0], [1.1, 1.1], shared=0.05)
    assert sure.p_value == pytest.approx(2 * stats.norm.sf(math.log(1.1) / 0.05))


def test_as_many_seeds_as_are_said_to_be_needed_show_the_difference() -> None:
    generator = np.random.default_rng(0)
    pilot = difference([1.0, 1.2, 0.9], [1.3, 1.1, 1.6])
    needed = pilot.seeds_needed(0.05)
    assert needed is not None
    spread = math.sqrt(sum(pilot.variances) / 2)
    logs = spread * generator.standard_normal((2, 4000, needed))
    logs[1] += pilot.size
    found = stats.ttest_ind(logs[0], logs[1], axis=1, equal_var=False).pvalue
    assert (found < 0.05).mean() == pytest.approx(0.8, abs=0.06)
    assert pilot.detectable(0.05) > pilot.size


def test_a_difference_of_the_detectable_size_is_found_in_four_of_five_studies() -> None:
    generator = np.random.default_rng(1)
    for seeds in (2, 3, 5):
        pilot = statistics.Difference(0.0, (1.0, 1.0), (seeds, seeds), 0.0)
        values = generator.standard_normal((2, 6000, seeds))
        values[1] += pilot.detectable(0.05)
        found = stats.ttest_ind(values[0], values[1], axis=1).pvalue < 0.05
        assert found.mean() == pytest.approx(0.8, abs=0.02)


def test_one_value_is_its_own_mean() -> None:
    for value in (0.1, 3.0, 1234.0):
        assert statistics.estimate([value], "positive").mean == value


def test_numbers_above_0_have_no_interval_below_it() -> None:
    assert statistics.estimate([0.0, 0.1, 0.9], "positive").low == 0


@pytest.mark.parametrize("values", [[0.2, 0.5], [1.0, 50.0], [1e-9, 1e-8], [0.0001, 3e5]])
def test_intervals_show_no_zero_for_what_is_above_it(values: list[float]) -> None:
    shown = interval(statistics.estimate(values, "positive")).replace(",", "")
    mean, low, high = (float(part) for part in shown.strip(")").replace("(", "– ").split("– "))
    assert 0 < low < mean < high


def test_few_test_images_are_not_mended_by_seeds() -> None:
    assert difference([1.0, 1.01], [1.02, 1.03], shared=0.5).seeds_needed(0.05) is None


def test_welch_agrees_with_its_formula() -> None:
    a, b = [20.1, 22.3, 19.8, 21.0], [24.5, 30.2, 22.8]
    va, vb = (stdev(x) ** 2 / len(x) for x in (a, b))
    t = (mean(a) - mean(b)) / (va + vb) ** 0.5
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
    assert statistics.estimate(a).low == statistics.estimate(a).high
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


def test_huge_numbers_have_an_exponent() -> None:
    given = (999.54, 12_345.6, 1_074_980, 9_999_999.0, 36_000_000, 12_345_678.5, -1.381157e24)
    shown = ["999.5", "12,346", "1,074,980", "9,999,999", "36,000,000", "1.235e+07", "-1.381e+24"]
    assert [number(value) for value in given] == shown
    assert interval(statistics.estimate([1000, 1200, 1234])) == "1,145 ± 310"
    assert interval(statistics.estimate([1.2e24, 1.4e24, 3e24])) == "1.9e+24 ± 2.5e+24"
    assert interval(statistics.estimate([1.0e7, 1.1e7, 1.2e7], "positive")) == (
        "11,000,000 (8,750,000 – 13,800,000)"
    )


def test_numbers_of_sentences_are_rounded_before_their_size_is_looked_at() -> None:
    given = (None, 0.98765, 999.4, 999.5, 999.97, 1234.5, 60_000, 12_345_678, 1.2345e24)
    expected = ["—", "0.988", "999", "1,000", "1,000", "1,230", "60,000", "12,345,678", "1.23e+24"]
    assert [shown(value) for value in given] == expected
    assert number(999.97) == "1,000"
    assert interval(statistics.Estimate(999.7, 998.2, 1001.2, (), "positive")) == (
        "1,000 (998 – 1,000)"
    )
