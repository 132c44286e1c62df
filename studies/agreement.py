"""``python -m studies.agreement``: how often the rule of several judges is right.

The type I error is the share of studies that call models different which are equal by every judge.
Written to ``docs/results/agreement.json``, and printed as tables of
``docs/reference/certainty.md``.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from genmodels.comparison import rule
from genmodels.comparison.rule import Outcome, Side, Vote
from genmodels.report import markdown
from studies import results
from studies.command import command
from studies.power import SPREAD, shares

OUT = results.FOLDER / "agreement.json"
STUDIES = 4000
SEEDS = (3, 5, 10)
RELATED = 0.5  # correlation over seeds of the logarithms of FD by two judges
# Judges, the first of which chose; models; correlation.
EQUAL: dict[str, tuple[int, int, float]] = {
    "one judge, 2 models": (1, 2, RELATED),
    "two judges, 2 models": (2, 2, RELATED),
    "four judges, 2 models": (4, 2, RELATED),
    "four judges that are unrelated, 2 models": (4, 2, 0.0),
    "four judges that nearly agree, 2 models": (4, 2, 0.95),
    "two judges, any of 10 pairs of 5 models": (2, 5, RELATED),
    "four judges, any of 10 pairs of 5 models": (4, 5, RELATED),
}
# How many times as large the second model's FD is by each judge, the first of which chose.
UNEQUAL: dict[str, Sequence[float]] = {
    "30 % by one judge alone": (1.3,),
    "30 % by both": (1.3, 1.3),
    "30 % by all four": (1.3, 1.3, 1.3, 1.3),
    "100 % by both": (2.0, 2.0),
    "100 % by the one that chose, 0 % by the other": (2.0, 1.0),
    "0 % by the one that chose, 100 % by the other": (1.0, 2.0),
    "30 % by the one that chose, −30 % by the other": (1.3, 1 / 1.3),
    "100 % by the one that chose, −50 % by the other": (2.0, 0.5),
}

Values = NDArray[Any]


@command
def main() -> None:
    """Simulate, print and write JSON."""
    errors = {name: {n: error(*given, n) for n in SEEDS} for name, given in EQUAL.items()}
    found = {name: {n: outcomes(ratios, n) for n in SEEDS} for name, ratios in UNEQUAL.items()}
    rows = [["the FD of the second is larger by", *(f"{n} seeds" for n in SEEDS)]]
    for name, counted in found.items():
        cells = (" / ".join(f"{100 * x:.0f} %" for x in each.values()) for each in counted.values())
        rows.append([name, *cells])
    print(f"{shares('called different', errors)}\n\n{markdown.table(rows)}")
    results.write(OUT, {"studies": STUDIES, "type_1_error": errors, "outcomes": found})


def simulate(
    studies: int, seeds: int, ratios: Sequence[Sequence[float]], related: float
) -> list[list[Outcome]]:
    """Return the outcomes of all pairs of models, for each study.

    Args:
        studies: that are simulated.
        seeds: of each model.
        ratios: of each model, how large its FD is by each judge.
        related: correlation of two judges, over seeds.
    """
    generator, judges = np.random.default_rng(0), len(ratios[0])
    logs = []  # of each model, (studies, judges, seeds)
    for each in ratios:
        own = generator.standard_normal((studies, judges, seeds))
        common = generator.standard_normal((studies, 1, seeds))
        noise = related**0.5 * common + (1 - related) ** 0.5 * own
        logs.append(np.log(each)[:, None] + SPREAD * noise)
    pairs = list(combinations(range(len(ratios)), 2))
    alone = [stats.ttest_ind(logs[a], logs[b], axis=2, equal_var=False).pvalue for a, b in pairs]
    ahead = [logs[a].mean(2) < logs[b].mean(2) for a, b in pairs]
    return [
        decide([p_values[n] for p_values in alone], [first[n] for first in ahead])
        for n in range(studies)
    ]


def decide(alone: Sequence[Values], ahead: Sequence[Values]) -> list[Outcome]:
    """Return the outcome of each pair of one study.

    Args:
        alone: of each pair, the p-value of each judge by itself.
        ahead: of each pair, whether each judge favours the first model.
    """
    p_values = {(n, j): float(p) for n, pair in enumerate(alone) for j, p in enumerate(pair)}
    deciding = {(n, j): j > 0 or len(alone[n]) == 1 for n, j in p_values}
    corrected = rule.corrected(p_values, deciding)
    votes: dict[int, list[Vote]] = {}
    for (n, j), value in p_values.items():
        side: Side = "first" if ahead[n][j] else "second"
        votes.setdefault(n, []).append(Vote(side, value, corrected[n, j], deciding[n, j]))
    return [rule.decide(each) for each in votes.values()]


def error(judges: int, models: int, related: float, seeds: int) -> float:
    """Return the share of studies that call some of equal models different."""
    made = simulate(STUDIES, seeds, [[1.0] * judges] * models, related)
    return sum(not {"first", "second"}.isdisjoint(each) for each in made) / STUDIES


def outcomes(ratios: Sequence[float], seeds: int) -> dict[str, float]:
    """Return the shares of studies in which the first is better, the second is, it depends."""
    made = simulate(STUDIES, seeds, [[1.0] * len(ratios), ratios], RELATED)
    counted = Counter(outcome for (outcome,) in made)
    return {each: counted[each] / STUDIES for each in ("first", "second", "depends")}


if __name__ == "__main__":
    main()
