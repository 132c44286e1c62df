"""Errors and notes for users.

A user's mistake raises an :class:`InputError`. Its message says in one line what was given, what
is accepted and what to do. The command line prints that line and exits with code 2; in Python it
is a ``ValueError``.

Settings in messages stand between backticks, as Python spells them: `` `out` ``, `` `count=0` ``,
`` `train.keep=1` ``, and a call as `` `train(out=runs/x, resume=True)` ``. An interface with
another spelling, such as the command line, translates them with :func:`spelling`.
"""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

_spelling: ContextVar[Callable[[str], str]] = ContextVar("how settings are spelled", default=str)


@contextmanager
def spelling(translate: Callable[[str], str]) -> Iterator[None]:
    """Translate the settings in messages inside a ``with`` block."""
    token = _spelling.set(translate)
    try:
        yield
    finally:
        _spelling.reset(token)


def spelled(message: str) -> str:
    """Return a message with its settings translated for the current interface."""
    return _spelling.get()(message)


def one_line(text: str) -> str:
    """Return a text with line ends and control characters as Python escapes them.

    Names in messages may come from files. So they cannot break a message or control a terminal.
    """
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class Lines:
    """A message of one line, or of several if there are several arguments."""

    args: tuple[Any, ...]

    def __str__(self) -> str:
        return "\n  ".join(one_line(str(line)) for line in self.args)


class InputError(Lines, ValueError):
    """A user's mistake; the message says what to do instead."""


class Untrusted(InputError):
    """Code in a run's folder would have to be executed and is not approved."""


class Unwritable(InputError):
    """A file cannot be written now, perhaps because the disk is full."""


class NotFinite(InputError):
    """A number that training depends on became NaN or infinite.

    Attributes:
        what: the name of the number and the step.
    """

    def __init__(self, what: str, advice: str = "nothing of it was saved"):
        super().__init__(f"{what}; {advice}")
        self.what = what


class Unfinished(RuntimeError):
    """Parts of a study failed, not by a mistake of the user; the message says how to go on."""


class Note(Lines, UserWarning):
    """A warning for the user: something was done differently than asked for, and why."""


def renamed(pairs: Sequence[tuple[str, str]]) -> Note:
    """Return one note about former names: (former name, name) of each."""
    said = " and ".join(f"{old} is called {new}" for old, new in pairs)
    return Note(f"{said} now; rename {'it' if len(pairs) == 1 else 'them'}")


class Interrupted(Lines, KeyboardInterrupt):
    """A command was stopped by a signal, and training was saved; the message says how to go on.

    Attributes:
        what: what was stopped.
        code: the exit code of the process, 128 + the signal's number.
    """

    def __init__(self, what: str, code: int, advice: str = ""):
        super().__init__(f"{what}; {advice}" if advice else what)
        self.what, self.code = what, code


def brief(value: object) -> str:
    """Return a value as Python writes it, in one line and shortened to 60 characters."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def argument(value: object) -> str:
    """Return a value for advice between backticks, such as `` `out=runs/x` ``.

    It is quoted as Python quotes it where a shell would split or change it. It has no backtick.
    """
    text = str(value)
    return text if shlex.quote(text) == text else repr(text).replace("`", "\\x60")


def readable_name(name: str) -> str:
    r"""Return the name of a file as text; a byte that is not UTF-8 becomes such as ``\xf1``."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def readable_size(count: float) -> str:
    """Return a number of bytes with a unit that fits: ``512 B``, ``61.0 KiB``, ``1.5 GiB``."""
    units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while count >= 1024 and len(units) > 1:
        count /= 1024
        del units[0]
    return f"{count:.0f} B" if units[0] == "B" else f"{count:,.1f} {units[0]}"


def duration(seconds: float) -> str:
    """Format a number of seconds: ``75`` → ``1m15s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


def first_of(items: Sequence[str], most: int = 4) -> str:
    """Return the first items as one text, and the number of the others."""
    others = len(items) - most
    return "; ".join(items[:most]) + (f"; and {others:,} more" if others > 0 else "")


def check_path(path: Path, setting: str) -> None:
    """Check that the system accepts a path, whether or not there is a file.

    Args:
        path: any path.
        setting: its name in the message.

    Raises:
        InputError: the path is too long, has a NUL character, or leads through a folder that
            may not be read.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"`{setting}={brief(str(path))}`: {reason}; give another path") from None


def nearest(given: str, accepted: list[str], most: int = 1) -> str:
    """Return a hint at the accepted names, at most ``most``, that are closest to a given one.

    Returns:
        ``" (did you mean 'seed'?)"``, or an empty string if no name is close.
    """
    import difflib

    close = difflib.get_close_matches(given, accepted, n=most)
    return f" (did you mean {' or '.join(map(repr, close))}?)" if close else ""
