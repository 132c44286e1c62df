"""When a model may be called better than another, given what each judge says of the two.

One number in one feature space can be trained on, and the judge that chose snapshots and presets
is partial to what it chose. So the word of that judge alone is not enough, and no judge may
contradict. An EMA of the weights improves most models, so a verdict on one model with an EMA and
one without must also hold with like weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from genmodels.comparison import statistics
from genmodels.comparison.statistics import LEVEL

Side = Literal["first", "second"]
Outcome = Literal["first", "second", "depends", "averaging", "open"]
Key = TypeVar("Key")


@dataclass(frozen=True)
class Vote:
    """What one judge says of two models.

    Attributes:
        favours: the model with the lower FD; None where they are equal.
        alone: the p-value of this test by itself.
        p_value: corrected for the number of tests.
        decides: whether a model may be called better by this test: the judge did not choose, or is
            the only one that scores both models.
    """

    favours: Side | None
    alone: float
    p_value: float
    decides: bool


def decide(votes: Sequence[Vote]) -> Outcome:
    """Return which of two models is better; or that it depends on the judge, or is open.

    A model is better if a test that decides favours it significantly, and no judge favours the
    other one beyond its own noise: with a p-value ≤ ``LEVEL`` of its test by itself. Otherwise it
    depends on the judge if any test is significant, and is open if none is.
    """
    sides: tuple[Side, Side] = ("first", "second")
    for side in sides:
        found = any(v.decides and v.favours == side and v.p_value <= LEVEL for v in votes)
        against = any(v.favours not in (side, None) and v.alone <= LEVEL for v in votes)
        if found and not against:
            return side
    return "depends" if any(v.p_value <= LEVEL for v in votes) else "open"


def like_with_like(headline: Outcome, last: Outcome) -> Outcome:
    """Return what follows for two models of which one alone is compared by EMA weights.

    A model is better if it is better both ways. Otherwise the pair depends on weight averaging if
    either way has a better model, unless the headline depends on the judge already.

    Args:
        headline: what the judges say of the weights that the models are compared by.
        last: what they say of the last weights of both.
    """
    if headline in ("depends", last):
        return headline
    return "open" if {"first", "second"}.isdisjoint((headline, last)) else "averaging"


def corrected(alone: Mapping[Key, float], deciding: Mapping[Key, bool]) -> dict[Key, float]:
    """Correct p-values for the number of tests (Holm, 1979).

    The tests that decide are one family, over all pairs and judges: a model is called better as
    soon as one of them says so. The tests of the judge that chose are another.

    Args:
        alone: the p-value of each test by itself.
        deciding: whether the test decides.
    """
    families = (
        {key: value for key, value in alone.items() if deciding[key] is which}
        for which in (True, False)
    )
    ours, theirs = map(statistics.holm, families)
    return {**ours, **theirs}
