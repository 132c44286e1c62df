"""The rule of several judges, over a table of cases, and its error of the first kind."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from genmodels.comparison import rule
from genmodels.comparison.rule import Outcome, Side, Vote

A: Side = "first"
B: Side = "second"
SURE, OWN, NOISE = (0.001, 0.01), (0.03, 0.2), (0.4, 1.0)  # p by itself, and corrected


def votes(*given: tuple[Any, tuple[float, float], bool]) -> list[Vote]:
    return [Vote(side, *p_values, decides) for side, p_values, decides in given]


# Who is favoured, with which p-values, and whether the judge decides; the first one chose.
CASES: dict[str, tuple[list[Vote], Outcome]] = {
    "no judge can test": ([], "open"),
    "one judge alone is sure": (votes((A, SURE, True)), "first"),
    "one judge alone is not": (votes((A, OWN, True)), "open"),
    "both are sure": (votes((A, SURE, False), (A, SURE, True)), "first"),
    "both are sure of the other": (votes((B, SURE, False), (B, SURE, True)), "second"),
    "the one that chose alone": (votes((A, SURE, False), (A, OWN, True)), "depends"),
    "the one that chose alone, the other leans away": (
        votes((A, SURE, False), (B, NOISE, True)),
        "depends",
    ),
    "the other alone": (votes((A, NOISE, False), (A, SURE, True)), "first"),
    "the other alone, the one that chose leans away": (
        votes((A, NOISE, False), (B, SURE, True)),
        "second",
    ),
    "the one that chose contradicts, by itself": (
        votes((A, OWN, False), (B, SURE, True)),
        "depends",
    ),
    "they contradict": (votes((A, SURE, False), (B, SURE, True)), "depends"),
    "none is sure": (votes((A, NOISE, False), (A, OWN, True), (B, NOISE, True)), "open"),
    "one of two that did not choose": (
        votes((A, OWN, False), (A, NOISE, True), (A, SURE, True)),
        "first",
    ),
    "one of two, and the third contradicts": (
        votes((A, OWN, False), (B, OWN, True), (A, SURE, True)),
        "depends",
    ),
    "two that did not choose contradict": (
        votes((A, SURE, False), (A, SURE, True), (B, SURE, True)),
        "depends",
    ),
    "equal means contradict nobody": (votes((None, (1.0, 1.0), False), (A, SURE, True)), "first"),
}


@pytest.mark.parametrize(("given", "outcome"), CASES.values(), ids=CASES)
def test_cases(given: list[Vote], outcome: Outcome) -> None:
    assert rule.decide(given) == outcome
    swapped: Any = {"first": "second", "second": "first", None: None}
    mirrored = [Vote(swapped[v.favours], v.alone, v.p_value, v.decides) for v in given]
    assert rule.decide(mirrored) == swapped.get(outcome, outcome)
    assert rule.decide(given[::-1]) == outcome


def test_tests_that_decide_are_one_family_and_those_of_the_one_that_chose_another() -> None:
    alone = {"ab domain": 0.01, "ac domain": 0.02, "ab random": 0.01, "ac random": 0.02,
             "ab natural": 0.03, "ac natural": 0.04}  # fmt: skip
    found = rule.corrected(alone, {key: "domain" not in key for key in alone})
    assert found == pytest.approx({
        "ab domain": 0.02, "ac domain": 0.02,
        "ab random": 0.04, "ac random": 0.06, "ab natural": 0.06, "ac natural": 0.06,
    })  # fmt: skip


@pytest.mark.parametrize("judges", [2, 4])
@pytest.mark.parametrize("related", [0.0, 0.9])
def test_equal_models_are_rarely_called_different(judges: int, related: float) -> None:
    generator = np.random.default_rng(0)
    common, own = generator.standard_normal((4000, 1)), generator.standard_normal((4000, judges))
    z = related**0.5 * common + (1 - related) ** 0.5 * own
    called = 0
    for row in z:
        p_values = dict(enumerate((2 * stats.norm.sf(abs(row))).tolist()))
        deciding = {judge: judge > 0 for judge in p_values}
        corrected = rule.corrected(p_values, deciding)
        outcome = rule.decide(
            [Vote(A if row[j] > 0 else B, p_values[j], corrected[j], deciding[j]) for j in p_values]
        )
        called += outcome in (A, B)
    assert called / 4000 < 0.056  # 5 %, and two standard errors
    assert called > 0
