"""Numbers and names of the classes of labelled images."""

from collections.abc import Sequence

from genmodels.errors import InputError, nearest

SHOWN = 10  # classes named in one line
EACH = "each"  # in place of one label: every class in turn


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
        given: name or number of the class. A text that is the name of a class means that class,
            also if it has digits alone: ``"10"`` is the folder 10, and 10 the number.
        names: all class names, in order.

    Raises:
        InputError: there is no such class.
    """
    known: dict[str | int, int] = {index: index for index in range(len(names))}
    known.update(numbers(names) if isinstance(given, str) else {})
    if given not in known:
        raise InputError(
            f"`label={given}`: there is no such class{nearest(str(given), list(names))}; give a "
            f"number or a name of {listed(names)}"
        )
    return known[given]


def described(given: str | int, names: Sequence[str]) -> str:
    """Return a class for a message, such as ``class 1 (square)`` or ``class 7``.

    Without names, as in runs of earlier versions, it is the number that was given.

    Raises:
        InputError: there is no such class.
    """
    if not names:
        return f"class {given}"
    index = number(given, names)
    return f"class {index}" if names[index] == str(index) else f"class {index} ({names[index]})"


def numbers(names: Sequence[str]) -> dict[str, int]:
    """Return the number of each class by its name and by its number as text; a name wins."""
    found = {str(index): index for index in range(len(names))}
    return found | {name: index for index, name in enumerate(names)}
