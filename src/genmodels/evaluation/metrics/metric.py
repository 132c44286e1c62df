"""A metric is one row: its key, how people read it, which models have it, how it is computed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from genmodels.models.base import ABILITIES

Better = Literal["lower", "higher", ""]
Context = TypeVar("Context")
WITHOUT = {ability.protocol: ability.without for ability in ABILITIES}


class Undefined(Exception):
    """A metric has no value; the message says why."""


@dataclass(frozen=True)
class Metric(Generic[Context]):
    """One number of a comparison.

    Attributes:
        key: its name in ``report.json``.
        label: its name for people, with its unit.
        better: which direction is better; empty where neither is.
        prominent: whether the page shows it in its first table.
        compute: what the metric is computed from → its value; raises :class:`Undefined` with
            the reason where there is no value. None for a number that the protocol or the
            training run provides.
        meaning: what it is, in a sentence for the documentation.
        applies_to: the ability that a model needs, a protocol of
            :data:`~genmodels.models.base.ABILITIES`; None where every model has the number.
        group: the beginning that its key shares with variants of the same number. Where a model
            has none of them, the reason is given once, for the group.
    """

    key: str
    label: str
    better: Better = ""
    prominent: bool = False
    compute: Callable[[Context], float] | None = None
    meaning: str = ""
    applies_to: type | None = None
    group: str = ""


@dataclass(frozen=True)
class Values:
    """The values of several metrics.

    Attributes:
        numbers: key → value.
        undefined: key, or group of keys → why there is no value.
    """

    numbers: dict[str, float]
    undefined: dict[str, str]


def values(
    metrics: Sequence[Metric[Context]], context: Context, model: object | None = None
) -> Values:
    """Compute metrics, in their order.

    Args:
        metrics: rows that can be computed.
        context: what they are computed from.
        model: whose abilities decide which of them apply; None if all do.
    """
    numbers: dict[str, float] = {}
    reasons: dict[str, str] = {}
    for metric in metrics:
        assert metric.compute is not None, f"{metric.key} is provided, not computed"
        try:
            if metric.applies_to and not isinstance(model, metric.applies_to):
                raise Undefined(WITHOUT[metric.applies_to])
            numbers[metric.key] = metric.compute(context)
        except Undefined as why:
            reasons.setdefault(metric.group or metric.key, str(why))
    defined = {metric.group for metric in metrics if metric.key in numbers}
    return Values(numbers, {name: why for name, why in reasons.items() if name not in defined})
