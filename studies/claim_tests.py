"""Whether a claim holds, by tests over seeds."""

from genmodels.comparison import statistics
from genmodels.comparison.statistics import LEVEL, Estimate

HOLDS, FAILS, OPEN = "Holds", "Does not hold", "Not resolved"


def answer(*pairs: tuple[Estimate, Estimate]) -> tuple[str, list[str]]:
    """Return whether the first mean of every pair is the lower one, by tests over seeds.

    It holds if all tests say so, and does not if one of them says the contrary.

    Returns:
        The answer, and the p-value of each pair as text, corrected for the number of pairs (Holm,
        1979).
    """
    found = [difference for pair in pairs if (difference := statistics.difference(*pair))]
    assert len(found) == len(pairs), "a claim needs two seeds or more"
    p_values = statistics.holm({n: each.p_value for n, each in enumerate(found)})
    lower = [each.size > 0 for n, each in enumerate(found) if p_values[n] <= LEVEL]
    answered = FAILS if not all(lower) else HOLDS if len(lower) == len(pairs) else OPEN
    return answered, [f"{p_values[n]:.2g}" for n in range(len(pairs))]


def seeds(*counts: int) -> str:
    """Return the smallest and the largest number of seeds: ``1 seed``, ``3 to 5 seeds``."""
    least, most = min(counts), max(counts)
    shown = f"{most}" if least == most else f"{least} to {most}"
    return f"{shown} seed{'' if most == 1 else 's'}"
