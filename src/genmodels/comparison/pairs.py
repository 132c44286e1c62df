"""The test of each pair of models: whether one has a lower FD, and what would resolve it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from genmodels.comparison import statistics
from genmodels.comparison.entry import Entry, standard_error
from genmodels.comparison.statistics import Difference

LEVEL = 0.05  # of the tests, after Holm's correction


@dataclass(frozen=True)
class PairTest:
    """Two models, and the test of their FD.

    Attributes:
        better, worse: their names, by their mean FD.
        p_value: corrected for the number of pairs; None with one seed.
        difference: of the logarithms of FD; None with one seed.
        level: of this test alone, if all pairs are tested.
        given: those of the two of which only images are given; they have no seeds to test.
    """

    better: str
    worse: str
    p_value: float | None
    difference: Difference | None = None
    level: float = LEVEL
    given: Sequence[str] = ()

    @property
    def decided(self) -> bool:
        """Whether the difference is significant, given the spread over seeds and test images."""
        return self.p_value is not None and self.p_value <= LEVEL

    @property
    def verdict(self) -> str:
        """The result of the test as text."""
        if self.given:
            return f"not tested: only images of {' and '.join(self.given)} are given"
        if self.p_value is None:
            return "not resolved: one seed"
        return f"{self.better} is better" if self.decided else "not resolved"

    @property
    def sentence(self) -> str:
        """The result of the test with its numbers, and what would resolve it."""
        if self.difference is None:
            return f"{self.better} and {self.worse}: {self.verdict}."
        test = f"p = {self.p_value:.2g}"
        if self.decided:
            times = f"its FD is {self.ratio:.3g} times lower"
            return f"{self.better} is better than {self.worse}: {times} ({test})."
        more = "more seeds would not resolve it, because the test images are too few"
        if self.seeds_needed:
            more = f"about {self.seeds_needed} seeds of each would probably resolve it"
        return (
            f"{self.better} and {self.worse}: not resolved. The FD of {self.worse} is "
            f"{self.ratio:.3g} times that of {self.better} ({test}); these seeds probably show "
            f"differences of {self.detectable:.0%} or more, and {more}."
        )

    @property
    def seeds_needed(self) -> int | None:
        """How many seeds of each model would probably resolve it; None if that is not known."""
        return self.difference.seeds_needed(self.level) if self.difference else None

    @property
    def detectable(self) -> float | None:
        """The smallest relative difference of FD that these seeds probably show."""
        return math.expm1(self.difference.detectable(self.level)) if self.difference else None

    @property
    def ratio(self) -> float | None:
        """How many times as large the FD of the worse model is."""
        return math.exp(self.difference.size) if self.difference else None


def of(ranked: Sequence[Entry], fd: str) -> list[PairTest]:
    """Test every pair of models, with p-values corrected over all pairs.

    A pair with images that are given without a model is not tested: they have no seeds.

    Args:
        ranked: the models, lowest FD first.
        fd: the key of FD.
    """
    found = {(a.name, b.name): _difference(a, b, fd) for a, b in combinations(ranked, 2)}
    corrected = statistics.holm({key: d.p_value for key, d in found.items() if d is not None})
    given = {entry.name for entry in ranked if entry.given}
    level = LEVEL / max(1, sum(given.isdisjoint(key) for key in found))
    return [
        PairTest(*key, corrected.get(key), each, level, [name for name in key if name in given])
        for key, each in found.items()
    ]


def _difference(a: Entry, b: Entry, fd: str) -> Difference | None:
    """Compare two models, whose errors by the test images are those of the same images."""
    one, other = a.estimate(fd), b.estimate(fd)
    assert one is not None and other is not None, "every run has an FD"  # noqa: PT018
    of_a, of_b = a.influence(fd), b.influence(fd)
    shared = 0.0 if of_a is None or of_b is None else standard_error(of_b - of_a)
    return statistics.difference(one, other, shared)
