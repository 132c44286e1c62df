"""The classes of labelled images: each has a number, and a name where its set has names."""

from collections.abc import Sequence

from genmodels.errors import InputError, nearest

SHOWN = 10  # classes that a line names


def listed(names: Sequence[str]) -> str:
    """Say which classes there are: ``0: circle, 1: square``, the first ten and how many more."""
    shown = [
        name if name == str(place) else f"{place}: {name}"
        for place, name in enumerate(names[:SHOWN])
    ]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def number(given: str | int, names: Sequence[str]) -> int:
    """The number of a class.

    Args:
        given: its number, or its name; what is a number is never taken for a name.
        names: of all classes, in their order.

    Raises:
        InputError: there is no such class.
    """
    numbers = {name: place for place, name in enumerate(names) if not name.isdecimal()}
    numbers |= {str(place): place for place in range(len(names))}
    if str(given) not in numbers:
        raise InputError(
            f"--label {given}: there is no such class{nearest(str(given), list(names))}; give a "
            f"number or a name of {listed(names)}"
        )
    return numbers[str(given)]
