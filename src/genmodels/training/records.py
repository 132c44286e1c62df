"""The records that the trainer yields while it trains."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from genmodels.runs.manifest import Record


@dataclass(frozen=True)
class Progress:
    """The progress of training, yielded some times a second.

    Attributes:
        step: the number of steps so far.
        images: the number of training images so far.
        seconds: the time of the training steps, without evaluation, figures and saves.
        rate: images per second since the last record.
        terms: ``<phase>.<term>`` → mean since the last record.
        snapshot: whether the weights of this step are kept as a snapshot.
    """

    step: int
    images: int
    seconds: float
    rate: float
    terms: dict[str, float]
    snapshot: bool


@dataclass(frozen=True)
class Epoch:
    """The end of an epoch, or the end of training within one.

    Attributes:
        record: the line of the log.
    """

    record: Record


@dataclass
class Totals:
    """Sums of terms over an epoch, in float64.

    Attributes:
        sums: term → sum of its values.
        counts: term → number of its values.
    """

    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, values: Tensor) -> None:
        """Add the values of a term, (n,)."""
        self.sums[name] = self.sums.get(name, 0.0) + values.double().sum().item()
        self.counts[name] = self.counts.get(name, 0) + len(values)

    def means(self) -> dict[str, float]:
        """Return term → mean."""
        return {name: self.sums[name] / self.counts[name] for name in self.sums}


def by_term(
    history: Sequence[tuple[int, Mapping[str, Tensor]]],
) -> dict[str, tuple[list[int], Tensor]]:
    """Return term → the steps that have it, and its values in these steps, (n,)."""
    names = dict.fromkeys(name for _, terms in history for name in terms)
    entries = {
        name: [(step, terms[name]) for step, terms in history if name in terms] for name in names
    }
    return {
        name: ([step for step, _ in found], torch.stack([value for _, value in found]).float())
        for name, found in entries.items()
    }


def next_snapshot(step: int) -> int:
    """Return the first of 100, 200, 500, 1000, 2000, … after a step."""
    power = 10 ** max(2, math.floor(math.log10(max(step, 1))))
    return next(n for n in (power, 2 * power, 5 * power, 10 * power) if n > step)


def last_snapshot(step: int) -> int:
    """Return the last of 100, 200, 500, 1000, 2000, … up to a step of 100 or more."""
    power = 10 ** math.floor(math.log10(step))
    return next(n for n in (5 * power, 2 * power, power) if n <= step)
