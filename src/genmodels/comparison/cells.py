"""Numbers as cells of a table."""

import math
from collections.abc import Sequence

from genmodels.comparison.statistics import Estimate

HUGE = 1e7  # from here on a number has an exponent
COUNT = 1e9  # but a whole one, which may be a count, from here on


def number(value: float | None) -> str:
    """Return a number as text; a dash for None."""
    if value is None:
        return "—"
    digits = f"{value:.4g}"
    if 1000 <= abs(float(digits)) < (COUNT if value % 1 == 0 else HUGE):
        return f"{value:,.0f}"
    return digits


def shown(value: float | None) -> str:
    """Return a number for a sentence: a count as it is, others with three digits."""
    if value is None or (value % 1 == 0 and abs(value) < COUNT):
        return number(value)
    return number(float(f"{value:.3g}"))


def interval(found: Estimate | None) -> str:
    """Return a mean with its interval as text; a dash for None.

    An interval that is not symmetric is given by its ends, ``1.23 (1.02 – 1.48)``, else its half
    width has two digits.
    """
    if found is None:
        return "—"
    if found.low is None or found.high is None or found.high <= found.low:
        return number(found.mean)
    if found.scale != "any":
        return f"{shown(found.mean)} ({shown(found.low)} – {shown(found.high)})"
    half = found.high - found.mean
    place = 1 - math.floor(math.log10(half))
    huge = abs(found.mean) + half >= HUGE

    def placed(value: float) -> str:
        if not huge or not value:
            return f"{value:,.{max(0, place)}f}"
        return f"{value:.{max(0, math.floor(math.log10(abs(value))) + place)}e}"

    return f"{placed(found.mean)} ± {placed(round(half, place))}"


def alternatives(each: Sequence[Sequence[int]]) -> str:
    """Return different successions of numbers: ``2 or 1``, ``2 (in other runs 2, later 1)``."""
    different = list(dict.fromkeys(", later ".join(map(str, numbers)) for numbers in each))
    first, *others = filter(None, different) if any(different) else ("",)
    if not others or all(len(numbers) < 2 for numbers in each):
        return " or ".join([first, *others])
    return f"{first} (in other runs {' or '.join(others)})"
