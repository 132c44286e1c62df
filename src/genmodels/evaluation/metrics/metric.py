"""A metric is one row: its key, how people read it, and how it is computed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from genmodels.evaluation.metrics.samples import Samples

Better = Literal["lower", "higher", ""]


@dataclass(frozen=True)
class Metric:
    """One number of a comparison.

    Attributes:
        key: its name in ``report.json``; keys of numbers with variants share a beginning.
        label: its name for people, with its unit.
        better: which direction is better; empty where neither is.
        prominent: whether the page shows it in its first table.
        compute: samples → value; raises :class:`~genmodels.evaluation.metrics.samples.Undefined`
            with the reason where there is no value. None for a number that the protocol or the
            training run provides.
    """

    key: str
    label: str
    better: Better = ""
    prominent: bool = False
    compute: Callable[[Samples], float] | None = None
