"""The result of a comparison: its numbers and images, and tables made of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from itertools import combinations
from typing import TypedDict

from torch import Tensor

from genmodels.comparison import statistics
from genmodels.comparison.cells import alternatives, interval, number
from genmodels.comparison.statistics import Estimate
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.metrics.table import label
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.weights import Point
from genmodels.runs.manifest import Record

LEVEL = 0.05  # of the tests, after Holm's correction
CONVERGED = 1.1  # at most this many times the final FD counts as converged


@dataclass(frozen=True)
class Result:
    """One run.

    Attributes:
        seed: of its training.
        run: its folder.
        evaluation: its numbers.
        threads: the CPU threads it was trained with: several numbers if it was resumed with
            others, none on a GPU and for runs of earlier versions.
        jobs: how many trainings ran at a time, this one included; several numbers if it was
            resumed beside others.
    """

    seed: int
    run: str
    evaluation: Evaluation
    threads: Sequence[int] = ()
    jobs: Sequence[int] = (1,)


@dataclass(frozen=True, repr=False)
class Entry:
    """One model, trained with one or more seeds.

    Attributes:
        name: its heading.
        results: one for each seed.
        records: the log of the first seed.
        frames: kind of interpolation → (R, steps, C, H, W), of the first seed.
        training_set: the number of distinct images that it was trained on, without
            augmentation; None in runs of earlier versions.
        conditions: ``precision`` and ``augmentation`` of its training, as text.
    """

    name: str
    results: Sequence[Result]
    records: Sequence[Record]
    frames: Mapping[str, Tensor]
    training_set: int | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Entry {self.name}: seeds {', '.join(str(r.seed) for r in self.results)}>"

    @property
    def first(self) -> Evaluation:
        """The evaluation of the first seed."""
        return self.results[0].evaluation

    def estimate(self, name: str) -> Estimate | None:
        """Return the estimate of a number over the seeds; None unless every seed has it."""
        values = [r.evaluation.numbers.get(name) for r in self.results]
        known = [value for value in values if value is not None]
        return statistics.estimate(known) if len(known) == len(values) else None

    def mean(self, name: str) -> float | None:
        """Return the mean of a number over the seeds; None unless every seed has it."""
        found = self.estimate(name)
        return found.mean if found else None

    def measured(self, name: str) -> float | None:
        """Return the mean of a rate, a time or a memory size; None if it was not measured."""
        found = [r.evaluation.measured.get(name) for r in self.results]
        known = [value for value in found if value is not None]
        return statistics.mean(known) if known else None

    @property
    def threads(self) -> str:
        """The CPU threads of its runs as text: ``2``, ``1 or 2``; empty if none is known."""
        return alternatives([result.threads for result in self.results])

    @property
    def jobs(self) -> str:
        """How many trainings ran at a time, as text: ``2``, ``1 or 2``."""
        return alternatives([result.jobs for result in self.results])

    def why_not(self, name: str) -> str:
        """Return why a number is not defined."""
        reasons = self.first.undefined
        return next((why for key, why in reasons.items() if name.startswith(key)), "not measured")

    def arrivals(self) -> list[Point] | None:
        """Return when each seed came within 10 % of its final FD.

        None if a run has no snapshots.
        """
        found = [_arrival(result.evaluation.curve) for result in self.results]
        known = [point for point in found if point is not None]
        return known if len(known) == len(found) else None


@dataclass(frozen=True)
class PairTest:
    """Two models, and Welch's test of their FD.

    Attributes:
        better, worse: their names, by their mean FD.
        p_value: corrected for the number of pairs; None with one seed.
    """

    better: str
    worse: str
    p_value: float | None

    @property
    def decided(self) -> bool:
        """Whether the difference is significant, given the spread over seeds."""
        return self.p_value is not None and self.p_value <= LEVEL

    @property
    def verdict(self) -> str:
        """The result of the test as text."""
        if self.p_value is None:
            return "undecided: one seed"
        return f"{self.better} is better" if self.decided else "tie"


class ProtocolSettings(TypedDict):
    """The settings of an evaluation, the same for every model; ``report.json`` has them too.

    Attributes:
        data: the name of the data.
        fingerprint: of its images.
        split: the split of the real images.
        real_images, generated_images: how many on each side.
        few_images: whether they are so few that FD is biased.
        features, features_hash: the name and the hash of the features.
        neighbours: of precision, recall, density and coverage.
        importance_samples, likelihood_images: of the likelihood.
        sampling_seed: the seed of the samples.
        snapshot_images: the number of samples of each snapshot.
        snapshots_chosen_on: the split that the best snapshot is chosen on.
    """

    data: str
    fingerprint: str
    split: str
    real_images: int
    generated_images: int
    few_images: bool
    features: str
    features_hash: str
    neighbours: int
    importance_samples: int
    likelihood_images: int
    sampling_seed: int
    snapshot_images: int
    snapshots_chosen_on: str


@dataclass(frozen=True, repr=False)
class Comparison:
    """Several models on the same data.

    Attributes:
        data: the name of the data.
        protocol: the settings of the evaluation, the same for every model.
        fd: the key of FD (Fréchet distance) among the numbers.
        real: (64, C, H, W), real images of the test split.
        real_numbers: sharpness and isolated dots of the real images.
        real_histogram: the share of test images of each class; empty without classes.
        classes: names of the classes.
        baselines: name → scores of the floor, the copied training set and simple baselines.
        baseline_images: name → (64, C, H, W).
        entries: one for each model.
        jobs: how many evaluations ran at a time.
    """

    data: str
    protocol: ProtocolSettings
    fd: str
    real: Tensor
    real_numbers: Mapping[str, float]
    real_histogram: Sequence[float]
    classes: Sequence[str]
    baselines: Mapping[str, Scored]
    baseline_images: Mapping[str, Tensor]
    entries: Sequence[Entry]
    jobs: int = 1

    @cached_property
    def pairs(self) -> list[PairTest]:
        """Every pair of models, with p-values corrected over all pairs."""
        values = {e.name: _values(e.estimate(self.fd)) for e in self.entries}
        keys = list(combinations(values, 2))
        raw = {key: statistics.welch(values[key[0]], values[key[1]]) for key in keys}
        corrected = statistics.holm({key: p for key, p in raw.items() if p is not None})
        made = []
        for a, b in keys:
            better, worse = sorted((a, b), key=lambda n: statistics.mean(values[n]))
            made.append(PairTest(better, worse, corrected.get((a, b))))
        return made

    def ranked(self) -> list[Entry]:
        """Return the models, lowest FD first."""
        return sorted(self.entries, key=lambda entry: entry.mean(self.fd) or 0.0)

    def rows(self) -> list[str]:
        """Return the keys of all numbers, in the order of their first appearance."""
        names = [n for e in self.entries for r in e.results for n in r.evaluation.numbers]
        return list(dict.fromkeys(names))

    def headings(self) -> list[str]:
        """Return the columns of :meth:`table` after the first: models, then baselines."""
        return [*(entry.name for entry in self.entries), *self.baselines]

    def table(self) -> list[list[str]]:
        """Return a row for each number: its label, then a cell for each of :meth:`headings`."""
        return [
            [
                label(row),
                *(interval(entry.estimate(row)) for entry in self.entries),
                *(number(scored.numbers.get(row)) for scored in self.baselines.values()),
            ]
            for row in self.rows()
        ]

    def __repr__(self) -> str:
        scores = ", ".join(f"{e.name} {interval(e.estimate(self.fd))}" for e in self.ranked())
        return f"<Comparison on {self.data}, {label(self.fd)}: {scores}>"

    def _repr_html_(self) -> str:
        """Return the table as HTML, for notebooks."""
        head = "".join(f"<th>{escape(heading)}</th>" for heading in ("", *self.headings()))
        rows = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in self.table())
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        title = escape(f"{self.data}: {self.protocol['real_images']:,} images on each side")
        return (
            f"<table><caption>{title}</caption><thead><tr>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def measured_rows(self) -> list[str]:
        """Return the keys of all measured rates, times and memory sizes."""
        names = [n for e in self.entries for r in e.results for n in r.evaluation.measured]
        return list(dict.fromkeys(names))


def _values(found: Estimate | None) -> tuple[float, ...]:
    assert found is not None, "every run has an FD"
    return found.values


def _arrival(curve: Sequence[Point]) -> Point | None:
    """Return the first point within 10 % of the final FD.

    Between two snapshots it is interpolated, linearly in the logarithms of images and FD.
    """
    goal = CONVERGED * curve[-1].distance
    at = next(at for at, point in enumerate(curve) if point.distance <= goal)
    if len(curve) < 2:
        return None
    after, before = curve[at], curve[max(at - 1, 0)]
    if at == 0 or goal <= 0:
        return after
    share = math.log(before.distance / goal) / math.log(before.distance / after.distance)
    images = before.images * (after.images / before.images) ** share
    passed = (images - before.images) / (after.images - before.images)
    return Point(
        step=round(before.step + passed * (after.step - before.step)),
        images=round(images),
        seconds=before.seconds + passed * (after.seconds - before.seconds),
        distance=goal,
    )
