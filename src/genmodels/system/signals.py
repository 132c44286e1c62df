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
    """Let SIGTERM, and SIGHUP of a closed terminal, end a block by an exception, as Ctrl-C does.

    So no partial file is left. Signals that are ignored, as by ``nohup``, or handled stay so.
    """

    def terminate(number: int, frame: Any) -> None:
        raise Interrupted("interrupted", 128 + number)

    names = ("SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    handled = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]
    for number in handled:
        signal.signal(number, terminate)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
