"""The definition of a metric: its key, its label, the models it applies to and its formula."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from genmodels.models.base import ABILITIES

Better = Literal["lower", "higher", ""]
# any: without bounds. positive: above 0, compared by ratios. share: in [0, 1].
Scale = Literal["any", "positive", "share"]
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
        prominent: whether the first table of a report shows it.
        compute: context → value; raises :class:`Undefined` with the reason if there is no
            value. None for a number that the protocol or the training run provides.
        meaning: a description for the documentation.
        applies_to: the ability that a model needs, a protocol of
            :data:`~genmodels.models.base.ABILITIES`; None if every model has the number.
        scale: on which it varies from seed to seed.
        inverse_count: whether its mean for equal distributions is c/N, with N images on each
            side and a c that does not depend on N.
        group: the prefix that its key shares with variants of the same number. If a model has
            no number of the group, the reason is given once.
    """

    key: str
    label: str
    better: Better = ""
    prominent: bool = False
    compute: Callable[[Context], float] | None = None
    meaning: str = ""
    applies_to: type | None = None
    group: str = ""
    scale: Scale = "any"
    inverse_count: bool = False


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
        metrics: each with ``compute``.
        context: the argument of ``compute``.
        model: decides by its abilities which metrics apply; None if all apply.
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
