"""What the trainer tells while it trains, and when."""

import math
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


@dataclass(frozen=True)
class Progress:
    """Where training stands, some times a second.

    Attributes:
        step: steps done.
        images: training images seen.
        seconds: seconds of training steps, without evaluation, figures and saves.
        rate: images per second since the last record.
        terms: ``<phase>.<term>`` → mean since the last record.
        snapshot: whether the step is one of those whose weights are kept.
    """

    step: int
    images: int
    seconds: float
    rate: float
    terms: dict[str, float]
    snapshot: bool


@dataclass(frozen=True)
class Epoch:
    """The end of an epoch, or of training within one: one record of the log."""

    record: dict[str, Any]


@dataclass
class Totals:
    """Sums of terms over an epoch, in float64."""

    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, values: Tensor) -> None:
        """Add a term's values."""
        self.sums[name] = self.sums.get(name, 0.0) + values.double().sum().item()
        self.counts[name] = self.counts.get(name, 0) + len(values)

    def means(self) -> dict[str, float]:
        """Term → mean."""
        return {name: self.sums[name] / self.counts[name] for name in self.sums}


def next_snapshot(step: int) -> int:
    """The first of 100, 200, 500, 1000, 2000, … after a step."""
    power = 10 ** max(2, math.floor(math.log10(max(step, 1))))
    return next(n for n in (power, 2 * power, 5 * power, 10 * power) if n > step)
