"""The test of each pair of models: whether one has a lower FD, and what would resolve it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

from genmodels.comparison import statistics
from genmodels.comparison.entry import Entry
from genmodels.comparison.statistics import LEVEL, MOST_SEEDS, SEEDS, Difference

MOST_TIMES = 10_000  # largest ratio of FDs that is told as a number


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
        size = f"differs by {self.difference.size:.3g}"
        if self.difference.scale == "positive":
            times = f"more than {MOST_TIMES:,}" if self.ratio is None else f"{self.ratio:.3g}"
            size = f"is {times} times that of {self.better}"
        test = f"The FD of {self.worse} {size} (p = {self.p_value:.2g})"
        if self.decided:
            return f"{self.better} is better than {self.worse}. {test}."
        seen = ""
        if self.detectable:
            seen = (
                f" These seeds probably show differences of {100 * self.detectable:.0f} % or more."
            )
        remedy = self.remedy[0].upper() + self.remedy[1:]
        return f"{self.better} and {self.worse}: not resolved. {test}.{seen} {remedy}."

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
        return self._relative(self.difference.detectable(self.level)) if self.difference else None

    @property
    def ratio(self) -> float | None:
        """How many times as large the FD of the worse model is; None as for ``detectable``."""
        found = self._relative(self.difference.size) if self.difference else None
        return None if found is None else 1 + found

    def _relative(self, size: float) -> float | None:
        """Return a difference of logarithms as a relative difference; None for other scales."""
        known = self.difference is not None and self.difference.scale == "positive"
        return math.expm1(size) if known and size < math.log(MOST_TIMES) else None


def of(ranked: Sequence[Entry], fd: str) -> list[PairTest]:
    """Test every pair of models, with p-values corrected over all pairs.

    A pair with images that are given without a model is not tested: they have no seeds.

    Args:
        ranked: the models, lowest FD first.
        fd: the key of FD.
    """
    found: dict[tuple[str, str], Difference | None] = {}
    for a, b in combinations(ranked, 2):
        difference = _difference(a, b, fd)
        if difference and difference.size < 0:  # on a scale of which the ranking knows nothing
            a, b, difference = b, a, replace(difference, size=-difference.size)
        found[a.name, b.name] = difference
    corrected = statistics.holm({key: d.p_value for key, d in found.items() if d is not None})
    given = {entry.name for entry in ranked if entry.given}
    level = LEVEL / max(1, len(corrected))
    return [
        PairTest(*key, corrected.get(key), each, level, [name for name in key if name in given])
        for key, each in found.items()
    ]


def _difference(a: Entry, b: Entry, fd: str) -> Difference | None:
    """Compare two models, whose errors by the test images are those of the same images."""
    one, other = a.estimate(fd), b.estimate(fd)
    assert one is not None and other is not None, "every run has an FD"  # noqa: PT018
    of_a, of_b = a.influence(fd), b.influence(fd)
    shared = 0.0
    if of_a is not None and of_b is not None:
        shared = statistics.standard_error(of_b - of_a)
    return statistics.difference(one, other, shared)
