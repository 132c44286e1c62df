"""What a user asks of a comparison, answered from its numbers.

Which model comes closest is in :func:`genmodels.comparison.verdicts.summary`, what to do next in
:mod:`genmodels.comparison.advice`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from genmodels.comparison.cells import shown
from genmodels.comparison.result import Comparison
from genmodels.evaluation.baselines import MEANINGS, SIMPLE
from genmodels.evaluation.metrics.table import BINARISED


@dataclass(frozen=True)
class Answer:
    """A question, and sentences that answer it."""

    question: str
    sentences: list[str]


def of(comparison: Comparison) -> list[Answer]:
    """Answer the questions that the numbers of this comparison can answer."""
    found = [Answer(question, list(answer(comparison))) for question, answer in _ASKED.items()]
    return [answer for answer in found if answer.sentences]


def _certainty(comparison: Comparison) -> Iterator[str]:
    """Say how many differences are significant, and whether that of the first two is."""
    tested = [pair for pair in comparison.pairs if pair.difference is not None]
    if len(tested) > 1:
        decided = sum(pair.decided for pair in tested)
        yield f"{decided} of {len(tested)} differences between two models are significant."
    for pair in tested:
        if {pair.better, pair.worse} == {entry.name for entry in comparison.ranked()[:2]}:
            yield pair.sentence


def _quality(comparison: Comparison) -> Iterator[str]:
    """Say where the FD of each model lies between the floor and the best simple baseline."""
    fd, known = comparison.fd, comparison.baselines
    floor = known["floor"].numbers[fd]
    simple = {name: known[name].numbers[fd] for name in SIMPLE if name in known}
    for entry in comparison.ranked():
        own = entry.mean(fd)
        if own is None or min(own, floor) <= 0:
            continue
        parts = [f"{shown(own / floor)} times the floor"]
        if (like := entry.mean(BINARISED)) is not None:
            parts[0] += f", to binarised test images {shown(like / floor)} times"
        if simple:
            name = min(simple, key=lambda each: simple[each])
            times, side = simple[name] / own, "smaller"
            if times < 1:
                times, side = 1 / times, "larger"
            parts.append(f"{shown(times)} times {side} than that of {MEANINGS[name]}")
        yield f"The FD of {entry.name} is {' and '.join(parts)}."


def _variety(comparison: Comparison) -> Iterator[str]:
    """Say how much of the real images' variety the samples of each model have."""
    floor = comparison.baselines["floor"].numbers
    for entry in comparison.ranked():
        coverage, modes, rarest = map(entry.mean, ("coverage", "modes", "rarest_class"))
        parts = []
        if coverage is not None and floor.get("coverage", 0) > 0:
            parts.append(f"{coverage / floor['coverage']:.0%} of the floor's coverage")
        if modes is not None and "modes" in floor:
            parts.append(f"{shown(modes)} of {floor['modes']:.0f} classes")
        if rarest is not None:
            parts.append(f"the rarest class at {rarest:.0%} of its share of real images")
        if parts:
            yield f"{entry.name}: {', '.join(parts)}."


def _utility(comparison: Comparison) -> Iterator[str]:
    """Say what the samples of each model add to real images, where classifiers were trained."""
    if comparison.utility:
        yield from comparison.utility.sentences


def _speed(comparison: Comparison) -> Iterator[str]:
    """Say how long each model was trained, and how fast it samples."""
    for entry in comparison.trained:
        seconds, rate = (
            entry.measured(name) for name in ("training_seconds", "sampling_images_per_second")
        )
        if seconds is not None and rate is not None:
            yield f"{entry.name}: trained for {shown(seconds)} s; samples {shown(rate)} images/s."


_ASKED: dict[str, Callable[[Comparison], Iterator[str]]] = {
    "How sure is the ranking?": _certainty,
    "How good are the samples?": _quality,
    "How varied are they?": _variety,
    "How useful are they to a classifier?": _utility,
    "How fast is it?": _speed,
}
