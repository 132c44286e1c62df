"""Signals: they stop a training between two steps, and let other work clean up.

A terminal that closes, as at the end of an ssh session, sends SIGHUP. The kernel and the shell both
send it, so it comes more than once.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from genmodels.errors import Interrupted

HANG_UP: int | None = getattr(signal, "SIGHUP", None)  # Windows has none


@contextmanager
def stopped_by_signals() -> Iterator[list[int]]:
    """Collect SIGINT, SIGTERM and SIGHUP for the length of a block.

    A second SIGINT or SIGTERM ends the process. SIGHUP never does, and where it is ignored, as by
    ``nohup``, it stays so.

    Yields:
        A list that is empty until a signal arrives, and then holds its number first.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may handle signals
        return

    def receive(number: int, frame: Any) -> None:
        if number != HANG_UP and any(earlier != HANG_UP for earlier in received):
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        received.append(number)

    numbers: list[int] = [signal.SIGINT, signal.SIGTERM]
    if HANG_UP is not None and signal.getsignal(HANG_UP) != signal.SIG_IGN:
        numbers.append(HANG_UP)
    before = {number: signal.signal(number, receive) for number in numbers}
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
    numbers: list[int] = [signal.SIGTERM, *([] if HANG_UP is None else [HANG_UP])]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # only the main thread may handle signals
    handled = [number for number in numbers if signal.getsignal(number) == signal.SIG_DFL]

    def terminate(number: int, frame: Any) -> None:
        if HANG_UP is not None and HANG_UP in handled:
            signal.signal(HANG_UP, signal.SIG_IGN)  # one more must not disturb the cleaning up
        raise Interrupted("interrupted", 128 + number)

    for number in handled:
        signal.signal(number, terminate)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, signal.SIG_DFL)
