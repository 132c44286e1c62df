"""Numbers as cells of a table."""

import math
from collections.abc import Sequence

from genmodels.comparison.statistics import Estimate


def number(value: float | None) -> str:
    """Return a number as text; a dash for None."""
    if value is None:
        return "—"
    if value == int(value) and abs(value) >= 1000:
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def interval(found: Estimate | None) -> str:
    """Return a mean with its interval as text, to two digits of its width; a dash for None.

    An interval that is not symmetric is given by its ends: ``1.23 (1.02 – 1.48)``.
    """
    if found is None:
        return "—"
    if found.low is None or found.high is None or found.high <= found.low:
        return number(found.mean)
    half = (found.high - found.low) / 2
    place = 1 - math.floor(math.log10(half))
    shown = f",.{max(0, place)}f"
    if found.scale == "any":
        return f"{found.mean:{shown}} ± {round(half, place):{shown}}"
    low, high = round(found.low, place), round(found.high, place)
    return f"{found.mean:{shown}} ({low:{shown}} – {high:{shown}})"


def alternatives(each: Sequence[Sequence[int]]) -> str:
    """Return different successions of numbers as text: ``2 or 1, then 2``."""
    different = dict.fromkeys(", then ".join(map(str, numbers)) for numbers in each)
    return " or ".join(text for text in different if text)
