"""The tests of each pair of models, what follows from them, and what would resolve it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final, Literal

from genmodels.comparison import judge_tests, rule
from genmodels.comparison.entry import Entry
from genmodels.comparison.judge_tests import Family, JudgeTest
from genmodels.comparison.judges import Judge
from genmodels.comparison.statistics import MOST_SEEDS, SEEDS, Difference
from genmodels.evaluation.metrics.table import LAST

DEPENDS: Final = "depends on the judge"
AVERAGING: Final = "depends on weight averaging"
Outcome = Literal["better", "depends", "averaging", "open"]  # of a pair, the better model first


@dataclass(frozen=True)
class PairTest:
    """Two models, the tests of their FD by every judge, and what follows.

    Attributes:
        better, worse: their names, by the leading test; with one seed by the first judge.
        outcome: what the tests say together.
        tests: of every judge that has several seeds of both models.
        level: of each test that decides, if all pairs and judges are tested.
        given: those of the two of which only images are given; they have no seeds to test.
        weights: the headline weights of ``better`` and of ``worse``: ``ema`` or ``last``.
        last: the tests with the last weights of both, where a headline is of EMA weights.
        last_better: the model that is better by these tests together; None if neither is.
    """

    better: str
    worse: str
    outcome: Outcome
    tests: Sequence[JudgeTest]
    level: float
    given: Sequence[str]
    weights: tuple[str, str]
    last: Sequence[JudgeTest]
    last_better: str | None

    @property
    def decided(self) -> bool:
        """Whether one of the models is better, by the judges together."""
        return self.outcome == "better"

    @property
    def unlike(self) -> bool:
        """Whether the headline of one alone is of EMA weights."""
        return _unlike(self.weights)

    @property
    def both_ways(self) -> bool:
        """Whether a model is better by the headlines and with the last weights of both."""
        return self.decided and ("ema" not in self.weights or self.last_better == self.better)

    @property
    def lead(self) -> JudgeTest | None:
        """Of the tests that decide, the most significant one; None with one seed."""
        return _lead(self.tests)

    @property
    def difference(self) -> Difference | None:
        """Of the leading test; None with one seed."""
        return self.lead.difference if self.lead else None

    @property
    def p_value(self) -> float | None:
        """Of the leading test, corrected for the number of tests; None with one seed."""
        return self.lead.p_value if self.lead else None

    @property
    def ratio(self) -> float | None:
        """Of the leading test; None with one seed."""
        return self.lead.ratio if self.lead else None

    @property
    def alone(self) -> str:
        """Says that one judge alone tested this pair; empty if several did."""
        return f"by {self.tests[0].judge.name} features alone" if len(self.tests) == 1 else ""

    @property
    def verdict(self) -> str:
        """The result of the tests as text."""
        if self.given:
            return f"not tested: only images of {' and '.join(self.given)} are given"
        if not self.tests:
            return "not resolved: one seed"
        if self.outcome == "depends":
            return DEPENDS
        if self.outcome == "averaging":
            return AVERAGING
        return f"{self.better} is better" if self.decided else "not resolved"

    @property
    def sentence(self) -> str:
        """The result of the tests with their numbers, and what would resolve it."""
        lead = self.lead
        if lead is None:
            return f"{self.better} and {self.worse}: {self.verdict}."
        if self.decided:
            alone = f", {self.alone}" if self.alone else ""
            return f"{self.better} is better than {self.worse}{alone}. {self._numbers}"
        sentence = f"{self.better} and {self.worse}: {self.verdict}. {self._numbers}"
        if self.outcome != "open":
            return sentence
        by = f"By {lead.judge.name} features, these" if len(self.tests) > 1 else "These"
        if self.detectable:
            least = f"{100 * self.detectable:.0f} % or more"
            sentence += f" {by} seeds probably show differences of {least}."
        return f"{sentence} {_capital(self.remedy)}."

    @property
    def _numbers(self) -> str:
        """What each judge found; with last weights too, if the headlines are of unlike weights."""
        found = f"{_capital(_found(self.tests))}."
        if not self.unlike:
            return found
        averaged = (self.better, self.worse)[self.weights.index("ema")]
        like = _found(self.last) if self.last else "there is no test"
        return f"{found} {averaged} alone has EMA weights; with the last weights of both, {like}."

    @property
    def votes(self) -> str:
        """Whom each judge favours, in a few words."""
        if self.outcome != "averaging":
            return _votes(self.tests)
        return f"{_votes(self.tests)}; with the last weights of both, {_votes(self.last)}"

    @property
    def remedy(self) -> str:
        """What would resolve the difference."""
        if self.difference is None:
            return f"train each with {SEEDS} seeds"
        if self.difference.size == 0:
            return "their means are equal"
        if self.seeds_needed:
            return f"about {self.seeds_needed} seeds of each would probably resolve it"
        if self.difference.limited_by_images(self.level):
            return "more seeds would not resolve it, because the test images are too few"
        return f"more than {MOST_SEEDS:,} seeds of each would be needed"

    @cached_property
    def seeds_needed(self) -> int | None:
        """Seeds of each model that would resolve the difference in four of five studies.

        None with one seed, for equal means, or if more than ``MOST_SEEDS`` would be needed.
        """
        if self.difference is None or self.difference.size == 0:
            return None
        return self.difference.seeds_needed(self.level)

    @property
    def detectable(self) -> float | None:
        """The smallest relative difference of FD that these seeds probably show.

        None with one seed, for FDs of 0, or beyond ``MOST_TIMES``.
        """
        return (
            self.lead.relative(self.lead.difference.detectable(self.level)) if self.lead else None
        )


def of(ranked: Sequence[Entry], judges: Sequence[Judge]) -> list[PairTest]:
    """Test every pair of models by every judge, with p-values corrected over pairs and judges.

    A pair with images that are given without a model is not tested: they have no seeds. Where a
    headline is of EMA weights, a pair is also tested with the last weights of both; these tests
    are a family of their own.

    Args:
        ranked: the models, lowest FD by the first judge first.
        judges: of which one chose, the first.
    """
    pairs = list(combinations(ranked, 2))
    headline = judge_tests.of(pairs, {judge: judge.fd for judge in judges})
    averaged = [pair for pair in pairs if "ema" in (each.headline for each in pair)]
    last = judge_tests.of(averaged, {judge: judge.key(LAST) for judge in judges})
    return [_pair(a, b, headline, last) for a, b in pairs]


def sentences(tested: Sequence[PairTest]) -> list[str]:
    """Return the result of each test; pairs without one share a sentence for each reason."""
    untested: dict[str, list[str]] = {}
    for pair in tested:
        if pair.lead is None:
            untested.setdefault(pair.verdict, []).append(f"{pair.better} and {pair.worse}")
    of_tests = [pair.sentence for pair in tested if pair.lead is not None]
    return of_tests + [f"{'; '.join(names)}: {verdict}." for verdict, names in untested.items()]


def _pair(a: Entry, b: Entry, headline: Family, last: Family) -> PairTest:
    """Return two models with their tests and what follows, the better model first."""
    names = a.name, b.name
    tests, of_last = headline.tests[names], last.tests.get(names, ())
    found, with_last = (
        rule.decide([test.vote(a.name) for test in each]) for each in (tests, of_last)
    )
    sides = dict(zip(("first", "second"), names, strict=True))
    lead = _lead(tests)
    first = sides.get(found, lead.better if lead else a.name)
    better, worse = (a, b) if first == a.name else (b, a)
    weights = better.headline, worse.headline
    joint = rule.like_with_like(found, with_last) if _unlike(weights) else found
    outcome: Outcome = "better" if joint == "first" or joint == "second" else joint
    given = [each.name for each in (better, worse) if each.given]
    return PairTest(
        better.name, worse.name, outcome, tests, headline.level, given, weights, of_last,
        sides.get(with_last),
    )  # fmt: skip


def _unlike(weights: Sequence[str]) -> bool:
    """Return whether one of two headlines alone is of EMA weights."""
    return set(weights) == {"ema", "last"}


def _lead(tests: Sequence[JudgeTest]) -> JudgeTest | None:
    """Return the most significant test of those that decide; None with one seed."""
    deciding = [test for test in tests if test.decides]
    return min(deciding, key=lambda test: test.p_value, default=None)


def _found(tests: Sequence[JudgeTest]) -> str:
    """Say what each judge found."""
    if len(tests) == 1:
        return tests[0].sentence
    return "; ".join(f"by {test.judge.name} features {test.sentence}" for test in tests)


def _votes(tests: Sequence[JudgeTest]) -> str:
    each = [f"{test.judge.name}: {test.better}, p = {test.p_value:.2g}" for test in tests]
    return "; ".join(each) or "no test"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
