"""Sentences about a comparison: the model of lowest FD, conditions, convergence."""

from collections.abc import Sequence
from statistics import mean

from genmodels.comparison.cells import alternatives, shown
from genmodels.comparison.entry import Entry
from genmodels.comparison.pairs import AVERAGING, DEPENDS, PairTest
from genmodels.comparison.result import Comparison
from genmodels.comparison.statistics import CONFIDENCE
from genmodels.evaluation.baselines import MEANINGS, SIMPLE
from genmodels.evaluation.metrics.table import label


def summary(comparison: Comparison) -> str:
    """Return a sentence about the model of lowest FD, and one about better simple baselines."""
    best = comparison.ranked()[0]
    nearer = better_baselines(comparison, best)
    todo = "" if best.given else f": {best.name} has not learnt the images"
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
    if best := next((entry for entry in ranked if _beats_all(entry, comparison)), None):
        scores = f"FD {shown(best.mean(comparison.fd))}; the noise floor is {shown(floor)}"
        one = len(comparison.judges) == 1
        by = f", by {comparison.judges[0].name} features alone" if one else ""
        return f"{best.name} comes closest to the images of {comparison.data} ({scores}){by}."
    against = [pair for pair in comparison.pairs if first.name in (pair.better, pair.worse)]
    open_ = [pair for pair in against if not (pair.decided and pair.better == first.name)]
    unresolved = _unresolved(first.name, open_)
    return f"{first.name} has the lowest FD on {comparison.data} ({scores}); {unresolved}."


def _beats_all(entry: Entry, comparison: Comparison) -> bool:
    """Return whether a model is better than every other one."""
    beaten = [pair for pair in comparison.pairs if pair.better == entry.name and pair.decided]
    return len(beaten) == len(comparison.entries) - 1


def _unresolved(first: str, pairs: Sequence[PairTest]) -> str:
    """Say what is not resolved between the model of lowest FD and others, and what would help."""
    trained = [pair for pair in pairs if not pair.given]
    if alone := next((pair for pair in trained if pair.difference is None), None):
        return f"one seed of a model is not enough to decide: {alone.remedy}"
    found = [_open(first, pair) for pair in trained]
    if len(trained) < len(pairs):
        found.append("given images have no training seeds, so differences to them are not tested")
    return "; ".join(found)


def _open(first: str, pair: PairTest) -> str:
    """Say what is not resolved between the model of lowest FD and another one."""
    other = pair.worse if pair.better == first else pair.better
    if pair.outcome in ("depends", "averaging"):
        on = DEPENDS if pair.outcome == "depends" else AVERAGING
        return f"whether it is better than {other} {on} ({pair.votes})"
    if pair.decided:
        return f"but {other} is better ({pair.votes})"
    return f"its lead over {other} is not resolved ({pair.remedy})"


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


def intervals(comparison: Comparison, keys: Sequence[str]) -> str:
    """Say what the intervals of some numbers are over.

    Args:
        comparison: the comparison.
        keys: of the numbers.
    """
    of_images = [label(key) for key in keys if _counts_test_images(comparison, key)]
    over = "training seeds"
    if len(of_images) == len(keys):
        over += " and test images"
    elif of_images:
        over += f", for {' and '.join(of_images)} also over test images"
    return f"{100 * CONFIDENCE:.0f} % interval over {over}"


def _counts_test_images(comparison: Comparison, key: str) -> bool:
    """Return whether all intervals of a number have the error by the test images in them."""
    found = [entry.estimate(key) for entry in comparison.entries]
    known = [each.test_images for each in found if each and each.low is not None]
    return bool(known) and all(known)


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
