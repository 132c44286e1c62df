"""``python -m studies.power``: how often the test of two models is right, over simulated studies.

The type I error is the share of studies that call two models different whose geometric means of
FD are equal; the power is the share that finds a real difference. Written to
``docs/results/power.json``, and printed as the tables of ``docs/reference/certainty.md``.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from genmodels.comparison import statistics
from genmodels.comparison.statistics import LEVEL
from genmodels.report import markdown
from studies import results
from studies.command import command

OUT = results.FOLDER / "power.json"
STUDIES = 4000
SEEDS = (3, 5, 10)
RATIOS = (1.1, 1.3, 2.0)  # of the FD of two models
SPREAD = 0.15  # of FD over seeds, relative; as those of the presets
BAD = 3.0  # times as large is the FD of a bad seed
RARE = 0.2  # the probability of a bad seed

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Values]


def normal(generator: np.random.Generator, shape: tuple[int, int]) -> Values:
    """Draw FDs from a normal distribution."""
    return np.abs(1 + SPREAD * generator.standard_normal(shape))


def lognormal(generator: np.random.Generator, shape: tuple[int, int]) -> Values:
    """Draw FDs from a wide lognormal distribution."""
    return np.exp(2 * SPREAD * generator.standard_normal(shape))


def one_bad_in_five(generator: np.random.Generator, shape: tuple[int, int]) -> Values:
    """Draw FDs of which one in five is three times as large."""
    usual = np.exp(SPREAD * generator.standard_normal(shape))
    return np.where(generator.random(shape) < RARE, BAD * usual, usual)


def stable(generator: np.random.Generator, shape: tuple[int, int]) -> Values:
    """Draw FDs that hardly vary, with the geometric mean of :func:`one_bad_in_five`."""
    return BAD**RARE * np.exp(SPREAD / 3 * generator.standard_normal(shape))


SAME: dict[str, tuple[Draw, Draw]] = {
    "normal, relative spread 15 %": (normal, normal),
    "lognormal, relative spread 30 %": (lognormal, lognormal),
    "one bad seed in five, with three times the FD": (one_bad_in_five, one_bad_in_five),
}
UNEQUAL: dict[str, tuple[Draw, Draw]] = {
    "lognormal, relative spread 6 % against 30 %": (lambda g, s: lognormal(g, s) ** 0.2, lognormal),
    "one bad seed in five, against a stable model": (one_bad_in_five, stable),
}


@command
def main() -> None:
    """Simulate, print and write JSON."""
    errors = {
        name: {n: rate(*pair, n, 1.0) for n in SEEDS} for name, pair in (SAME | UNEQUAL).items()
    }
    power = {
        f"{100 * (ratio - 1):.0f} %, {name.partition(',')[0]}": {
            n: rate(*SAME[name], n, ratio) for n in SEEDS
        }
        for name in SAME
        for ratio in RATIOS
    }
    print(shares("called different", errors), shares("the FD is larger by", power), sep="\n\n")
    results.write(OUT, {"studies": STUDIES, "type_1_error": errors, "power": power})


def shares(title: str, rates: Mapping[str, Mapping[int, float]]) -> str:
    """Return a Markdown table of shares: a row for each case, a column for each of ``SEEDS``."""
    rows = [
        [name, *(f"{100 * share:.1f} %" for share in by_seeds.values())]
        for name, by_seeds in rates.items()
    ]
    return markdown.table([[title, *(f"{n} seeds" for n in SEEDS)], *rows])


def rate(first: Draw, second: Draw, seeds: int, ratio: float, studies: int = STUDIES) -> float:
    """Return the share of studies that call two models different.

    Args:
        first, second: draw the FDs of the models.
        seeds: of each model.
        ratio: how many times as large the FDs of the second model are.
        studies: that are simulated.
    """
    generator = np.random.default_rng(0)
    a, b = first(generator, (studies, seeds)), ratio * second(generator, (studies, seeds))
    found = 0
    for ours, theirs in zip(a, b, strict=True):
        one, other = (statistics.estimate(side.tolist(), "positive") for side in (ours, theirs))
        difference = statistics.difference(one, other)
        assert difference is not None
        found += difference.p_value <= LEVEL
    return found / studies


if __name__ == "__main__":
    main()
