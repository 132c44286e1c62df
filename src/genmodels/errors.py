"""The errors that are meant for people.

Everything a user can get wrong ends in an :class:`InputError`, whose text says in one
line what was given, what is accepted and what to do next. The command line prints that
line and exits with code 2; from Python it is a ``ValueError``.

A message names settings between backticks, as Python spells them: `` `out` ``, `` `count=0` ``,
`` `train.keep=1` ``, and a call as `` `train(out=runs/x, resume)` ``. Whoever talks to a user in
other words, such as the command line, gives :func:`spelling` a function that translates them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_spelling: ContextVar[Callable[[str], str]] = ContextVar("how settings are spelled", default=str)


@contextmanager
def spelling(translate: Callable[[str], str]) -> Iterator[None]:
    """Spell the settings in messages in other words for the length of a block."""
    token = _spelling.set(translate)
    try:
        yield
    finally:
        _spelling.reset(token)


def spelled(message: str) -> str:
    """Return a message with its settings spelled for whoever reads it."""
    return _spelling.get()(message)


class InputError(ValueError):
    """Something the user gave cannot be used; the message says what to do instead."""


class Untrusted(InputError):
    """Code that came with a run would have to be executed, and nobody approved it."""


class Unwritable(InputError):
    """A file cannot be written now; it may be possible again when space was freed."""


class NotFinite(InputError):
    """A number that training depends on became NaN or infinite.

    Attributes:
        what: the number, and when.
    """

    def __init__(self, what: str, advice: str = "nothing of it was saved"):
        super().__init__(f"{what}; {advice}")
        self.what = what


class Note(UserWarning):
    """Something that was done otherwise than asked for, and why."""


class Interrupted(KeyboardInterrupt):
    """Training was stopped by a signal, after it saved; the message says how to go on.

    Attributes:
        code: the exit code of the process, 128 + the signal's number.
    """

    def __init__(self, message: str, code: int):
        super().__init__(message)
        self.code = code


def nearest(given: str, accepted: list[str], most: int = 1) -> str:
    """Say which accepted names, ``most`` of them, a misspelt one was probably meant to be.

    Returns:
        ``" (did you mean 'seed'?)"``, or an empty string where nothing is close.
    """
    import difflib

    close = difflib.get_close_matches(given, accepted, n=most)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
