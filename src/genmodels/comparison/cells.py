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
    """Return a mean with its interval as text, to two digits of the interval; a dash for None."""
    if found is None:
        return "—"
    if not found.half:
        return number(found.mean)
    decimals = max(0, 1 - math.floor(math.log10(found.half)))
    half = round(found.half, 1 - math.floor(math.log10(found.half)))
    return f"{found.mean:,.{decimals}f} ± {half:,.{decimals}f}"


def alternatives(each: Sequence[Sequence[int]]) -> str:
    """Return different successions of numbers as text: ``2 or 1, then 2``."""
    different = dict.fromkeys(", then ".join(map(str, numbers)) for numbers in each)
    return " or ".join(text for text in different if text)
