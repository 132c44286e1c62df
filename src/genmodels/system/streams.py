"""Standard output and standard error outlive whoever reads them.

The reader of a pipe may end, and a terminal may close. Work that takes hours goes on without them.
"""

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from genmodels.system.files import FULL


class LastingStream:
    """A text stream that goes silent after its first error, as when its reader has gone.

    Args:
        stream: the text stream that is written to.
        told: numbers of errors that are raised nevertheless.
    """

    def __init__(self, stream: Any, told: Collection[int] = ()):
        self.stream, self.told = stream, told
        self.silent = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write a text, or drop it if the stream is silent. Return its length."""
        if not self.silent:
            try:
                self.stream.write(text)
            except OSError as error:
                self._end(error)
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        if not self.silent:
            try:
                self.stream.flush()
            except OSError as error:
                self._end(error)

    def _end(self, error: OSError) -> None:
        """Go silent, or raise the error if it is to be told."""
        if error.errno in self.told:
            raise error
        self.silent = True
        discard(self.stream)


def lasting(stream: Any, told: Collection[int] = ()) -> Any:
    """Return a stream that goes silent after its first error; None, a closed one, stays None."""
    if stream is None or isinstance(stream, LastingStream):
        return stream
    return LastingStream(stream, told)


@contextmanager
def lasting_output() -> Iterator[None]:
    """Let standard output and standard error outlive their readers for the length of a block.

    A full disk is an error of standard output alone, because results would be lost without a word.
    """
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = lasting(sys.stdout, FULL), lasting(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def discard(stream: Any) -> None:
    """Let what is still buffered go nowhere, so that it raises no error when the process ends."""
    with suppress(OSError, ValueError, AttributeError):  # it may have no descriptor
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
