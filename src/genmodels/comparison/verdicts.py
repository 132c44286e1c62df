"""Sentences about a comparison: the model of lowest FD, fairness, conditions, convergence."""

from collections.abc import Callable, Sequence
from statistics import mean

from genmodels.comparison.cells import alternatives
from genmodels.comparison.entry import Entry
from genmodels.comparison.pairs import PairTest
from genmodels.comparison.result import Comparison
from genmodels.evaluation.baselines import MEANINGS, SIMPLE

WINNING = 0.9  # accuracy of a discriminator, on real images and on samples, that ends the game
UNEQUAL = 1.2  # a ratio beyond which budgets are flagged as unequal


# What is flagged as unequal, and how much of it a model had; None if that is not known.
_AMOUNTS: Sequence[tuple[str, Callable[[Entry], float | None]]] = (
    ("parameters that train", lambda entry: entry.mean("parameters_training")),
    ("distinct training images", lambda entry: entry.training_set),
    ("training images", lambda entry: entry.mean("training_images")),
    ("training seconds", lambda entry: entry.measured("training_seconds")),
    ("seeds", lambda entry: None if entry.given else len(entry.results)),
)


def summary(comparison: Comparison) -> str:
    """Return a sentence about the model of lowest FD, and one about better simple baselines."""
    best = comparison.ranked()[0]
    nearer = better_baselines(comparison, best)
    todo = "" if best.given else ": it has not learnt the images"
    more = f" But {nearer}{todo}." if nearer else ""
    return _nearest_model(comparison) + more


def better_baselines(comparison: Comparison, entry: Entry) -> str:
    """Say which simple baselines have a lower FD than a model; empty if none has."""
    own, known = entry.mean(comparison.fd), comparison.baselines
    found = {name: known[name].numbers[comparison.fd] for name in SIMPLE if name in known}
    lower = [
        f"{MEANINGS[name]} ({shown(distance)})"
        for name, distance in found.items()
        if own is not None and distance < own
    ]
    return f"{' and '.join(lower)} {'have' if len(lower) > 1 else 'has'} a lower FD" * bool(lower)


def _nearest_model(comparison: Comparison) -> str:
    """Return which model has the lowest FD and how certain that is, in one sentence."""
    ranked = comparison.ranked()
    floor = comparison.baselines["floor"].numbers[comparison.fd]
    first = ranked[0]
    scores = f"FD {shown(first.mean(comparison.fd))}; the noise floor is {shown(floor)}"
    if len(ranked) == 1:
        return f"{first.name}, compared with the images of {comparison.data}: {scores}."
    against = [pair for pair in comparison.pairs if first.name in (pair.better, pair.worse)]
    beaten = [pair.worse for pair in against if pair.better == first.name and pair.decided]
    if len(beaten) == len(ranked) - 1:
        return f"{first.name} comes closest to the images of {comparison.data} ({scores})."
    open_ = [pair for pair in against if pair.better == first.name and not pair.decided]
    return f"{first.name} has the lowest FD on {comparison.data} ({scores}); {_unresolved(open_)}."


def _unresolved(pairs: Sequence[PairTest]) -> str:
    """Say what is not resolved between the model of lowest FD and others, and what would help."""
    trained = [pair for pair in pairs if not pair.given]
    if alone := next((pair for pair in trained if pair.difference is None), None):
        return f"one seed of a model is not enough to decide: {alone.remedy}"
    found = [f"its lead over {pair.worse} is not resolved ({pair.remedy})" for pair in trained]
    if len(trained) < len(pairs):
        found.append("given images have no training seeds, so differences to them are not tested")
    return "; ".join(found)


def fairness(comparison: Comparison) -> list[str]:
    """List what was unequal between the models, one sentence each."""
    found = []
    for name, of in _AMOUNTS:
        known = {entry.name: of(entry) for entry in comparison.entries}
        values = {name: value for name, value in known.items() if value is not None}
        if not values:
            continue
        low, high = min(values, key=lambda n: values[n]), max(values, key=lambda n: values[n])
        ratio = values[high] / max(values[low], 1e-9)
        if ratio > UNEQUAL:
            found.append(
                f"Unequal {name}: {high} has {ratio:.1f} times as many as {low} "
                f"({shown(values[high])} against {shown(values[low])})."
            )
    found += _unequal_conditions(comparison)
    found += [f"{comparison.limit}."] if comparison.limit else []
    for name in ("precision", "augmentation"):
        each = {e.name: e.conditions[name] for e in comparison.entries if name in e.conditions}
        if len(set(each.values())) > 1:
            found.append(f"Unequal {name}: {', '.join(f'{n} has {each[n]}' for n in each)}.")
    if comparison.protocol["few_images"]:
        found.append(
            f"Only {comparison.protocol['real_images']:,} images on each side: FD is biased "
            "upwards; compare it with the floor, not with other studies."
        )
    return found


def conditions(comparison: Comparison) -> str:
    """Return how many trainings and evaluations ran at a time, in one sentence."""
    evaluations = f"{comparison.jobs} at a time."
    if not comparison.trained:
        return f"Evaluations ran {evaluations}"
    results = [result for entry in comparison.trained for result in entry.results]
    threads = alternatives([result.threads for result in results])
    each = f" (CPU threads of each: {threads})" if threads else ""
    jobs = alternatives([result.jobs for result in results])
    return f"Trainings ran {jobs} at a time{each}, evaluations {evaluations}"


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


def shown(value: float | None) -> str:
    """Format a number for a sentence."""
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def arrival(entry: Entry) -> str:
    """Return when a model came within 10 % of its final FD, averaged over seeds, as text."""
    found = entry.arrivals()
    if found is None:
        return "no snapshots were kept"
    images = mean([point.images for point in found])
    seconds = mean([point.seconds for point in found])
    total = entry.mean("training_images") or images
    return (
        f"within 10 % of its final FD after {shown(images)} images and {shown(seconds)} s, "
        f"{images / total:.0%} of its training"
    )
