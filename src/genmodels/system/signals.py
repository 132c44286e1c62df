"""Signals: they stop a training between two steps, and let other work clean up."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from genmodels.errors import Interrupted


@contextmanager
def stopped_by_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM for the length of a block. A second signal ends the process.

    Yields:
        A list that is empty until a signal arrives, and then holds its number.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may handle signals
        return

    def receive(number: int, frame: Any) -> None:
        if received:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        received.append(number)

    before = {n: signal.signal(n, receive) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def terminated_cleanly() -> Iterator[None]:
    """Let SIGTERM end a block by an exception, as Ctrl-C does, so that no partial file is left."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, frame: Any) -> None:
        raise Interrupted("interrupted", 128 + number)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
