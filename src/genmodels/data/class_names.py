"""Numbers and names of the classes of labelled images."""

from collections.abc import Sequence

from genmodels.errors import InputError, nearest

SHOWN = 10  # classes named in one line


def listed(names: Sequence[str]) -> str:
    """List the first ten classes, and count the rest: ``0: circle, 1: square``."""
    shown = [
        name if name == str(index) else f"{index}: {name}"
        for index, name in enumerate(names[:SHOWN])
    ]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def number(given: str | int, names: Sequence[str]) -> int:
    """Return the number of a class.

    Args:
        given: number or name of the class. Digits always mean a number.
        names: all class names, in order.

    Raises:
        InputError: there is no such class.
    """
    known = numbers(names)
    if str(given) not in known:
        raise InputError(
            f"`label={given}`: there is no such class{nearest(str(given), list(names))}; give a "
            f"number or a name of {listed(names)}"
        )
    return known[str(given)]


def numbers(names: Sequence[str]) -> dict[str, int]:
    """Return the number of each class by its name, and by its number as text."""
    found = {name: index for index, name in enumerate(names) if not name.isdecimal()}
    return found | {str(index): index for index in range(len(names))}
