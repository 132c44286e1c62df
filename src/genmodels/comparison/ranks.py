"""The ranks of the models by each judge, and whether the judges agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genmodels.comparison import statistics
from genmodels.comparison.entry import Entry
from genmodels.comparison.judges import Judge
from genmodels.comparison.result import Comparison
from genmodels.comparison.statistics import FEWEST_RANKED
from genmodels.comparison.verdicts import shown

CHOSE = "chose"


@dataclass(frozen=True)
class Ranking:
    """The models in the order of one judge.

    Attributes:
        judge: whose order it is.
        distances: model → mean FD over its seeds, for those that the judge scores.
        tau: Kendall's rank correlation with the first judge; None for the first judge, and for
            fewer than three models that both score.
    """

    judge: Judge
    distances: Mapping[str, float]
    tau: float | None

    def rank(self, model: str) -> int | None:
        """Return the rank of a model, from 1; None if the judge does not score it."""
        own = self.distances.get(model)
        return None if own is None else 1 + sum(each < own for each in self.distances.values())

    @property
    def name(self) -> str:
        """The judge, and whether it chose."""
        return f"{self.judge.name} ({CHOSE})" if self.judge.chose else self.judge.name


def of(comparison: Comparison) -> list[Ranking]:
    """Return the ranking by each judge, the first judge's first; none with one judge or model."""
    if min(len(comparison.judges), len(comparison.entries)) < 2:
        return []
    first = _distances(comparison.entries, comparison.judges[0])
    found = []
    for judge in comparison.judges:
        own = _distances(comparison.entries, judge)
        both = [name for name in first if name in own]
        tau = statistics.kendall([first[name] for name in both], [own[name] for name in both])
        found.append(Ranking(judge, own, None if judge is comparison.judges[0] else tau))
    return found


def table(comparison: Comparison) -> list[list[str]]:
    """Return the headings and a row for each judge: ranks, with FD, and its agreement."""
    rankings = of(comparison)
    if not rankings:
        return []
    names = [entry.name for entry in comparison.ranked()]
    headings = ["rank (FD)", *names, f"τ with {rankings[0].judge.name}"]
    return [headings, *([r.name, *(_cell(r, name) for name in names), _tau(r)] for r in rankings)]


def notes(comparison: Comparison) -> list[str]:
    """Explain the table in sentences."""
    first = comparison.judges[0].name
    few = f": fewer than {FEWEST_RANKED} models have none"
    known = any(ranking.tau is not None for ranking in of(comparison))
    return [
        f"{first} {CHOSE} the snapshots, on validation images, so it alone calls no model better.",
        "τ is Kendall's rank correlation: 1 for the same order, −1 for the reverse"
        f"{'' if known else few}.",
    ]


def _distances(entries: Sequence[Entry], judge: Judge) -> dict[str, float]:
    found = {entry.name: entry.mean(judge.fd) for entry in entries}
    return {name: distance for name, distance in found.items() if distance is not None}


def _cell(ranking: Ranking, name: str) -> str:
    rank = ranking.rank(name)
    return "—" if rank is None else f"{rank} ({shown(ranking.distances[name])})"


def _tau(ranking: Ranking) -> str:
    return "" if ranking.judge.chose else "—" if ranking.tau is None else f"{ranking.tau:.2f}"
