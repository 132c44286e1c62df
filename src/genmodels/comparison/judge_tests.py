"""The test of two models by one judge, and such tests of many pairs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from genmodels.comparison import rule, statistics
from genmodels.comparison.cells import shown
from genmodels.comparison.entry import Entry
from genmodels.comparison.judges import Judge
from genmodels.comparison.rule import Vote
from genmodels.comparison.statistics import LEVEL, Difference

MOST_TIMES = 10_000  # largest ratio of FDs that is told as a number
Pair = tuple[str, str]  # the names of two models


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
    def test_images(self) -> bool:
        """Whether the test counts the error by the finite set of test images."""
        return self.difference.shared > 0

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
        size = f"differs by {shown(self.difference.size)}"
        if self.difference.scale == "positive":
            times = f"more than {MOST_TIMES:,}" if self.ratio is None else shown(self.ratio)
            size = f"is {times} times that of {self.better}"
        alone = self.difference.p_value
        by_itself = f", {alone:.2g} by itself" if alone <= LEVEL < self.p_value else ""
        seeds = "" if self.test_images else "; test images not counted"
        return f"the FD of {self.worse} {size} (p = {self.p_value:.2g}{by_itself}{seeds})"

    def vote(self, first: str) -> Vote:
        """Return what this test says, of a pair whose first model has this name."""
        favours = None if self.difference.size == 0 else self._side(first)
        return Vote(favours, self.difference.p_value, self.p_value, self.decides)

    def _side(self, first: str) -> rule.Side:
        return "first" if self.better == first else "second"


@dataclass(frozen=True)
class Family:
    """Tests that are corrected together for their number.

    Attributes:
        tests: pair → those of every judge that has several seeds of both models.
        level: of each test that decides, if all pairs and judges are tested.
    """

    tests: Mapping[Pair, Sequence[JudgeTest]]
    level: float


def of(pairs: Sequence[tuple[Entry, Entry]], keys: Mapping[Judge, str]) -> Family:
    """Test pairs of models by every judge, with p-values corrected over pairs and judges.

    Args:
        pairs: of models.
        keys: judge → the key of the FD that is tested.
    """
    found = {
        (a.name, b.name, judge): difference
        for a, b in pairs
        for judge, key in keys.items()
        if (difference := _difference(a, b, key)) is not None
    }
    of_pair = {
        (a.name, b.name): [judge for judge in keys if (a.name, b.name, judge) in found]
        for a, b in pairs
    }
    decides = {(a, b, judge): not judge.chose or len(of_pair[a, b]) == 1 for a, b, judge in found}
    corrected = rule.corrected({key: d.p_value for key, d in found.items()}, decides)
    tests = {
        (a, b): [
            _test(a, b, judge, found[a, b, judge], corrected[a, b, judge], decides[a, b, judge])
            for judge in several
        ]
        for (a, b), several in of_pair.items()
    }
    return Family(tests, LEVEL / max(1, sum(decides.values())))


def _test(
    a: str, b: str, judge: Judge, difference: Difference, p_value: float, decides: bool
) -> JudgeTest:
    if difference.size < 0:
        a, b, difference = b, a, replace(difference, size=-difference.size)
    return JudgeTest(judge, a, b, difference, p_value, decides)


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
