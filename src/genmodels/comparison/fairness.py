"""What was unequal between the models of a comparison, or not independent."""

from collections.abc import Callable, Sequence
from itertools import combinations

from genmodels.comparison import alike
from genmodels.comparison.cells import shown
from genmodels.comparison.entry import Entry
from genmodels.comparison.result import Comparison

UNEQUAL = 1.2  # a ratio beyond which budgets are flagged as unequal


# What is flagged as unequal, and how much of it a model had; None if that is not known.
_AMOUNTS: Sequence[tuple[str, Callable[[Entry], float | None]]] = (
    ("parameters that train", lambda entry: entry.mean("parameters_training")),
    ("distinct training images", lambda entry: entry.training_set),
    ("training images", lambda entry: entry.mean("training_images")),
    ("training seconds", lambda entry: entry.measured("training_seconds")),
    ("seeds", lambda entry: None if entry.given else len(entry.results)),
)


def remarks(comparison: Comparison) -> list[str]:
    """List what was unequal between the models or not independent, one sentence each."""
    found = []
    for name, of in _AMOUNTS:
        known = {entry.name: of(entry) for entry in comparison.entries}
        values = {name: value for name, value in known.items() if value is not None}
        if not values:
            continue
        low, high = min(values, key=lambda n: values[n]), max(values, key=lambda n: values[n])
        most, least = values[high], values[low]
        if least == 0 < most:
            found.append(f"Unequal {name}: {high} has {shown(most)}, {low} none.")
        elif most > UNEQUAL * least:
            found.append(
                f"Unequal {name}: {high} has {most / least:.1f} times as many as {low} "
                f"({shown(most)} against {shown(least)})."
            )
    found += _unequal_conditions(comparison)
    found += [f"{comparison.limit}."] if comparison.limit else []
    found += alike.remarks(comparison)
    for name in ("precision", "augmentation"):
        each = {e.name: e.conditions[name] for e in comparison.entries if name in e.conditions}
        if len(set(each.values())) > 1:
            found.append(f"Unequal {name}: {', '.join(f'{n} has {each[n]}' for n in each)}.")
    if comparison.protocol["few_images"]:
        found.append(
            f"Only {comparison.protocol['real_images']:,} images on each side: FD is biased "
            "upwards; compare it with the floor, not with other studies."
        )
    return found + _dependent(comparison)


def _unequal_conditions(comparison: Comparison) -> list[str]:
    """Say if runs were trained with unequal CPU threads, or beside unequally many others.

    Runs whose threads are unknown do not count.
    """
    results = [result for entry in comparison.trained for result in entry.results]
    found = []
    if len({tuple(result.threads) for result in results if result.threads}) > 1:
        each = ", ".join(f"{e.name} has {e.threads}" for e in comparison.entries if e.threads)
        found.append(f"Unequal CPU threads of training: {each}.")
    if len({tuple(result.jobs) for result in results}) > 1:
        each = ", ".join(f"{e.name} has {e.jobs}" for e in comparison.trained)
        found.append(f"Unequal numbers of trainings at a time: {each}.")
    return [
        f"{sentence} So seconds of training, and what was reached in a limited time, cannot be "
        "compared."
        for sentence in found
    ]


def _dependent(comparison: Comparison) -> list[str]:
    """Say which models have the same settings and a seed in common."""
    found = []
    for one, other in combinations(comparison.entries, 2):
        seeds = one.seeds & other.seeds
        if seeds and one.fixed and one.fixed == other.fixed:
            shared = ", ".join(map(str, sorted(seeds)))
            found.append(
                f"Not independent: {one.name} and {other.name} have the same settings and seed "
                f"{shared}; they differ at most in their length, so they begin alike."
            )
    return found
