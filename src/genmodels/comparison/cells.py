"""Numbers as the cells of a table, for every table alike."""

import math

from genmodels.comparison.statistics import Estimate


def number(value: float | None) -> str:
    """A number as a table shows it; a dash where it is not defined."""
    if value is None:
        return "—"
    if value == int(value) and abs(value) >= 1000:
        return f"{int(value):,}"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def interval(found: Estimate | None) -> str:
    """A mean with its interval over seeds, of which two digits are shown, or a dash."""
    if found is None:
        return "—"
    if found.half is None or len(set(found.values)) == 1:
        return number(found.mean)
    decimals = max(0, 1 - math.floor(math.log10(found.half)))
    half = round(found.half, 1 - math.floor(math.log10(found.half)))
    return f"{found.mean:,.{decimals}f} ± {half:,.{decimals}f}"
