"""The tests of each pair of models by every judge, what follows, and what would resolve it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

from genmodels.comparison import rule, statistics
from genmodels.comparison.entry import Entry
from genmodels.comparison.judges import Judge
from genmodels.comparison.rule import Outcome, Vote
from genmodels.comparison.statistics import LEVEL, MOST_SEEDS, SEEDS, Difference

MOST_TIMES = 10_000  # largest ratio of FDs that is told as a number
DEPENDS = "depends on the judge"


@dataclass(frozen=True)
class JudgeTest:
    """Two models, and the test of their FD by one judge.

    Attributes:
        judge: whose test it is.
        better, worse: the names of the models, by their mean FD.
        difference: of the logarithms of FD, 0 or more.
        p_value: corrected for the number of tests.
        decides: whether a model may be called better by this test.
    """

    judge: Judge
    better: str
    worse: str
    difference: Difference
    p_value: float
    decides: bool

    @property
    def ratio(self) -> float | None:
        """How many times as large the FD of the worse model is.

        None for FDs of 0, or beyond ``MOST_TIMES``.
        """
        found = self.relative(self.difference.size)
        return None if found is None else 1 + found

    def relative(self, size: float) -> float | None:
        """Return a difference of logarithms as a relative difference; None for other scales."""
        known = self.difference.scale == "positive" and size < math.log(MOST_TIMES)
        return math.expm1(size) if known else None

    @property
    def sentence(self) -> str:
        """The result of the test with its numbers, without the judge."""
        size = f"differs by {self.difference.size:.3g}"
        if self.difference.scale == "positive":
            times = f"more than {MOST_TIMES:,}" if self.ratio is None else f"{self.ratio:.3g}"
            size = f"is {times} times that of {self.better}"
        alone = self.difference.p_value
        by_itself = f", {alone:.2g} by itself" if alone <= LEVEL < self.p_value else ""
        return f"the FD of {self.worse} {size} (p = {self.p_value:.2g}{by_itself})"

    def vote(self, first: str) -> Vote:
        """Return what this test says, of a pair whose first model has this name."""
        favours = None if self.difference.size == 0 else self._side(first)
        return Vote(favours, self.difference.p_value, self.p_value, self.decides)

    def _side(self, first: str) -> rule.Side:
        return "first" if self.better == first else "second"


@dataclass(frozen=True)
class PairTest:
    """Two models, the tests of their FD by every judge, and what follows.

    Attributes:
        better, worse: their names, by the leading test; with one seed by the first judge.
        outcome: ``first`` if ``better`` is better, ``depends`` or ``open``.
        tests: of every judge that has several seeds of both models.
        level: of each test that decides, if all pairs and judges are tested.
        given: those of the two of which only images are given; they have no seeds to test.
    """

    better: str
    worse: str
    outcome: Outcome = "open"
    tests: Sequence[JudgeTest] = ()
    level: float = LEVEL
    given: Sequence[str] = ()

    @property
    def decided(self) -> bool:
        """Whether one of the models is better, by the judges together."""
        return self.outcome == "first"

    @property
    def lead(self) -> JudgeTest | None:
        """Of the tests that decide, the most significant one; None with one seed."""
        deciding = [test for test in self.tests if test.decides]
        return min(deciding, key=lambda test: test.p_value, default=None)

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
        return f"{self.better} is better" if self.decided else "not resolved"

    @property
    def sentence(self) -> str:
        """The result of the tests with their numbers, and what would resolve it."""
        lead = self.lead
        if lead is None:
            return f"{self.better} and {self.worse}: {self.verdict}."
        if self.decided:
            alone = f", {self.alone}" if self.alone else ""
            return f"{self.better} is better than {self.worse}{alone}. {self._numbers}."
        told = f"{self.better} and {self.worse}: {self.verdict}. {self._numbers}."
        if self.outcome == "depends":
            return told
        by = f"By {lead.judge.name} features, these" if len(self.tests) > 1 else "These"
        if self.detectable:
            told += f" {by} seeds probably show differences of {100 * self.detectable:.0f} % or "
            told += "more."
        return f"{told} {_capital(self.remedy)}."

    @property
    def _numbers(self) -> str:
        """What each judge found."""
        if len(self.tests) == 1:
            return _capital(self.tests[0].sentence)
        each = [f"by {test.judge.name} features {test.sentence}" for test in self.tests]
        return _capital("; ".join(each))

    @property
    def votes(self) -> str:
        """Whom each judge favours, in a few words."""
        each = [f"{test.judge.name}: {test.better}, p = {test.p_value:.2g}" for test in self.tests]
        return "; ".join(each)

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

    A pair with images that are given without a model is not tested: they have no seeds.

    Args:
        ranked: the models, lowest FD by the first judge first.
        judges: of which one chose, the first.
    """
    pairs = list(combinations(ranked, 2))
    found = {
        (a.name, b.name, judge): difference
        for a, b in pairs
        for judge in judges
        if (difference := _difference(a, b, judge.fd)) is not None
    }
    of_pair = {
        (a.name, b.name): [judge for judge in judges if (a.name, b.name, judge) in found]
        for a, b in pairs
    }
    decides = {(a, b, judge): not judge.chose or len(of_pair[a, b]) == 1 for a, b, judge in found}
    corrected = rule.corrected({key: d.p_value for key, d in found.items()}, decides)
    level = LEVEL / max(1, sum(decides.values()))
    given = {entry.name for entry in ranked if entry.given}
    made = []
    for (a, b), several in of_pair.items():
        keys = [(a, b, judge) for judge in several]
        tests = [_test(*key, found[key], corrected[key], decides[key]) for key in keys]
        names = [name for name in (a, b) if name in given]
        made.append(_pair(PairTest(a, b, "open", tests, level, names)))
    return made


def _test(
    a: str, b: str, judge: Judge, difference: Difference, p_value: float, decides: bool
) -> JudgeTest:
    if difference.size < 0:
        a, b, difference = b, a, replace(difference, size=-difference.size)
    return JudgeTest(judge, a, b, difference, p_value, decides)


def _pair(open_: PairTest) -> PairTest:
    """Return a pair with its outcome, and the better model first."""
    outcome = rule.decide([test.vote(open_.better) for test in open_.tests])
    first = open_.lead.better if open_.lead else open_.better
    if outcome in ("first", "second"):
        first = open_.better if outcome == "first" else open_.worse
        outcome = "first"
    if first == open_.worse:
        return replace(open_, better=open_.worse, worse=open_.better, outcome=outcome)
    return replace(open_, outcome=outcome)


def _difference(a: Entry, b: Entry, fd: str) -> Difference | None:
    """Compare two models, whose errors by the test images are those of the same images.

    None if either has one seed, or no FD by this judge.
    """
    one, other = a.estimate(fd), b.estimate(fd)
    if one is None or other is None:
        return None
    of_a, of_b = a.influence(fd), b.influence(fd)
    shared = 0.0
    if of_a is not None and of_b is not None:
        shared = statistics.standard_error(of_b - of_a)
    return statistics.difference(one, other, shared)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
