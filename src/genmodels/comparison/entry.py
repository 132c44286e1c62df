"""A column of a comparison: the runs of a model and its numbers over their seeds, or images."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean

import torch
from torch import Tensor

from genmodels.comparison import statistics
from genmodels.comparison.cells import alternatives
from genmodels.comparison.statistics import Estimate
from genmodels.evaluation.metrics.table import metric_of
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.weights import Point
from genmodels.runs.manifest import Record

ONLY_IMAGES = "only its images are given"
CONVERGED = 1.1  # at most this many times the final FD counts as converged


@dataclass(frozen=True)
class Result:
    """One run, or images that are given without a model.

    Attributes:
        seed: of its training; None for given images.
        run: its folder, or where the given images are from.
        evaluation: its numbers.
        threads: the CPU threads it was trained with: several numbers if it was resumed with
            others, none on a GPU and for runs of earlier versions.
        jobs: how many trainings ran at a time, this one included; several numbers if it was
            resumed beside others; none for given images.
    """

    seed: int | None
    run: str
    evaluation: Evaluation
    threads: Sequence[int] = ()
    jobs: Sequence[int] = (1,)


@dataclass(frozen=True, repr=False)
class Entry:
    """One model, trained with one or more seeds, or images that are given without a model.

    Attributes:
        name: its heading.
        results: one for each seed.
        records: the log of the first seed.
        frames: kind of interpolation → (R, steps, C, H, W), of the first seed.
        training_set: the number of distinct images that it was trained on, without
            augmentation; None in runs of earlier versions.
        conditions: ``precision`` and ``augmentation`` of its training, as text.
        given: whether only images are given, without a model; there are no records, no frames
            and no snapshots then.
        fixed: the settings that change the trained model, except seed and limit, as text.
    """

    name: str
    results: Sequence[Result]
    records: Sequence[Record]
    frames: Mapping[str, Tensor]
    training_set: int | None = None
    conditions: Mapping[str, str] = field(default_factory=dict)
    given: bool = False
    fixed: str = ""

    def __repr__(self) -> str:
        if self.given:
            return f"<Entry {self.name}: {ONLY_IMAGES}>"
        return f"<Entry {self.name}: seeds {', '.join(str(r.seed) for r in self.results)}>"

    @property
    def first(self) -> Evaluation:
        """The evaluation of the first seed."""
        return self.results[0].evaluation

    @property
    def headline(self) -> str:
        """The weights that it is compared by: ``ema``, ``last``; ``given`` without a model."""
        return self.first.headline

    def estimate(self, name: str) -> Estimate | None:
        """Return the estimate of a number over the seeds; None unless every seed has it."""
        values = [r.evaluation.numbers.get(name) for r in self.results]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        metric, influence = metric_of(name), self.influence(name)
        scale = metric.scale if metric else "any"
        if influence is None or scale != "positive":
            return statistics.estimate(known, scale)
        return statistics.estimate(known, scale, statistics.standard_error(influence))

    def influence(self, name: str) -> Tensor | None:
        """Return how much each test image counts in the logarithm of a number, over the seeds.

        None if that is not known, or if the number is not above 0.
        """
        found = []
        for result in self.results:
            value = result.evaluation.numbers.get(name, 0.0)
            each = result.evaluation.influence.get(name)
            if each is None or value <= 0:
                return None
            found.append(each.double() / value)
        return torch.stack(found).mean(0)

    def mean(self, name: str) -> float | None:
        """Return the mean of a number over the seeds; None unless every seed has it.

        It is the geometric mean on the scale ``positive``, else the arithmetic mean.
        """
        found = self.estimate(name)
        return found.mean if found else None

    def measured(self, name: str) -> float | None:
        """Return the mean of a rate, a time or a memory size; None if it was not measured."""
        found = [r.evaluation.measured.get(name) for r in self.results]
        known = [value for value in found if value is not None]
        return mean(known) if known else None

    @property
    def seeds(self) -> set[int]:
        """The training seeds; empty where only images are given."""
        return {result.seed for result in self.results if result.seed is not None}

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
        otherwise = ONLY_IMAGES if self.given else "not measured"
        return next((why for key, why in reasons.items() if name.startswith(key)), otherwise)

    def reasons(self, names: Sequence[str]) -> dict[str, list[str]]:
        """Return why numbers are not defined: reason → those of ``names`` that it is true of."""
        found: dict[str, list[str]] = {}
        for name in names:
            if self.mean(name) is None:
                found.setdefault(self.why_not(name), []).append(name)
        return found

    def arrivals(self) -> list[Point] | None:
        """Return when each seed came within 10 % of its final FD.

        None if a run has no snapshots.
        """
        found = [_arrival(result.evaluation.curve) for result in self.results]
        known = [point for point in found if point is not None]
        return known if len(known) == len(found) else None


def _arrival(curve: Sequence[Point]) -> Point | None:
    """Return the first point within 10 % of the final FD.

    Between two snapshots it is interpolated, linearly in the logarithms of images and FD.
    """
    if len(curve) < 2:
        return None
    goal = CONVERGED * curve[-1].distance
    at = next(at for at, point in enumerate(curve) if point.distance <= goal)
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
