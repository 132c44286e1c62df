"""The ranks of the models by each judge and by last weights, and whether the orders agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genmodels.comparison import statistics
from genmodels.comparison.cells import shown
from genmodels.comparison.entry import Entry
from genmodels.comparison.judges import Judge
from genmodels.comparison.result import Comparison
from genmodels.comparison.statistics import FEWEST_RANKED
from genmodels.evaluation.metrics.table import LAST

CHOSE = "chose"


@dataclass(frozen=True)
class Ranking:
    """The models in the order of one judge.

    Attributes:
        judge: whose order it is.
        distances: model → mean FD over its seeds, for those that the judge scores.
        tau: Kendall's rank correlation with the first ranking; None for the first itself, and for
            fewer than three models that both score.
        last: whether all models have their last weights, instead of those of the headline.
    """

    judge: Judge
    distances: Mapping[str, float]
    tau: float | None
    last: bool = False

    def rank(self, model: str) -> int | None:
        """Return the rank of a model, from 1; None if the judge does not score it."""
        own = self.distances.get(model)
        return None if own is None else 1 + sum(each < own for each in self.distances.values())

    @property
    def name(self) -> str:
        """The judge, and whether it chose, or that the weights are the last ones."""
        if self.last:
            return f"{self.judge.name}, last weights"
        return f"{self.judge.name} ({CHOSE})" if self.judge.chose else self.judge.name


def of(comparison: Comparison) -> list[Ranking]:
    """Return the ranking by each judge, the first judge's first; none if there is one alone.

    After that of a judge is its ranking with the last weights of all models, if that is another.
    """
    first = _distances(comparison.entries, comparison.judges[0])
    found: list[Ranking] = []
    for judge in comparison.judges:
        headline, last = (_distances(comparison.entries, judge, kind) for kind in (False, True))
        tau = _agreement(first, headline) if found else None
        found.append(Ranking(judge, headline, tau))
        if _order(last) != [name for name in _order(headline) if name in last]:
            found.append(Ranking(judge, last, _agreement(first, last), last=True))
    return found if min(len(found), len(comparison.entries)) > 1 else []


def table(comparison: Comparison) -> list[list[str]]:
    """Return the headings and a row for each ranking: ranks, with FD, and its agreement."""
    rankings = of(comparison)
    if not rankings:
        return []
    names = [entry.name for entry in comparison.ranked()]
    headings = ["rank (FD)", *names, f"τ with {rankings[0].judge.name}"]
    taus = ["", *map(_tau, rankings[1:])]
    rows = [
        [ranking.name, *(_cell(ranking, name) for name in names), tau]
        for ranking, tau in zip(rankings, taus, strict=True)
    ]
    return [headings, *rows]


def notes(comparison: Comparison) -> list[str]:
    """Explain the table in sentences."""
    rankings, first = of(comparison), comparison.judges[0].name
    few = f": fewer than {FEWEST_RANKED} models have none"
    known = any(ranking.tau is not None for ranking in rankings)
    found = [
        "τ is Kendall's rank correlation: 1 for the same order, −1 for the reverse"
        f"{'' if known else few}."
    ]
    if len(comparison.judges) > 1:
        found.insert(
            0,
            f"{first} {CHOSE} the snapshots, on validation images. So a model is called better "
            "only if another judge finds it better.",
        )
    if any(ranking.last for ranking in rankings):
        found.append("With the last weights of all models the order is another.")
    return found


def _distances(entries: Sequence[Entry], judge: Judge, last: bool = False) -> dict[str, float]:
    """Return the FD of each model that a judge scores; given images have one, and no weights."""
    found = {
        entry.name: entry.mean(judge.key(LAST) if last and not entry.given else judge.fd)
        for entry in entries
    }
    return {name: distance for name, distance in found.items() if distance is not None}


def _order(distances: Mapping[str, float]) -> list[str]:
    return sorted(distances, key=lambda name: distances[name])


def _agreement(one: Mapping[str, float], other: Mapping[str, float]) -> float | None:
    both = [name for name in one if name in other]
    return statistics.kendall([one[name] for name in both], [other[name] for name in both])


def _cell(ranking: Ranking, name: str) -> str:
    rank = ranking.rank(name)
    return "—" if rank is None else f"{rank} ({shown(ranking.distances[name])})"


def _tau(ranking: Ranking) -> str:
    return "—" if ranking.tau is None else f"{ranking.tau:.2f}"
