"""A worker process of a study: it runs one task after the other and reports what happens.

:mod:`genmodels.comparison.workers` starts it and speaks with it by lines of JSON.
"""

import io
import json
import os
import queue
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from genmodels.comparison import evaluations, trainings, transport
from genmodels.config import custom_code
from genmodels.console import Display
from genmodels.errors import InputError, Interrupted, Note
from genmodels.system import memory

Send = Callable[[Mapping[str, Any]], None]

# Kind of task → the function that does it, from its arguments and a display.
KINDS: Mapping[str, Callable[[Mapping[str, Any], Display], object]] = {
    trainings.KIND: trainings.perform,
    evaluations.RUN: evaluations.perform,
    evaluations.BASELINE: evaluations.perform_baseline,
}


class Reporter(Display):
    """A display that sends what it would show.

    Args:
        kind: of the task, whose progress is that of the task.
        send: sends a message.
    """

    def __init__(self, kind: str, send: Send):
        super().__init__(quiet=True)
        self.kind, self.send = kind, send

    def say(self, text: str) -> None:
        """Send one line."""
        self.send({"say": text})

    def advance(
        self, what: str, done: float, total: float, note: str = "", details: Sequence[str] = ()
    ) -> None:
        """Send the progress of the task, or of something that it needs."""
        own = what == self.kind
        self.send({"share": done / total} if own else {"doing": what, "part": done / total})

    def training(
        self, share: float, step: int, rate: float, left: float, terms: Mapping[str, float]
    ) -> None:
        """Send the progress of training."""
        self.send({"share": share, "left": left, "rate": rate})


def main() -> None:
    """Run the tasks of the standard input until it ends. Whoever ends it wants this to stop."""
    send = _sender()
    tasks: queue.Queue[dict[str, Any] | None] = queue.Queue()
    busy, ended = threading.Event(), threading.Event()
    threading.Thread(target=_listen, args=(tasks, busy, ended), daemon=True).start()
    warnings.simplefilter("always", Note)
    warnings.showwarning = _forward(send)
    while (task := tasks.get()) is not None:
        busy.set()
        if ended.is_set():
            return
        custom_code.approve_all(task["approved"])
        if not _run(task, send):
            return
        busy.clear()


def _run(task: Mapping[str, Any], send: Send) -> bool:
    """Run a task and send its result, or why it failed. Return whether to go on with others."""
    kind = task["kind"]
    try:
        send({"result": KINDS[kind](task["given"], Reporter(kind, send))})
    except Interrupted as error:
        send({"failed": error.what, "by_user": False})
        return False
    except InputError as error:
        send({"failed": str(error), "by_user": True})
    except Exception as error:
        if memory.ran_out(error):
            reason = f"{memory.description(error)}: let fewer `jobs` run at a time"
            send({"failed": reason, "by_user": True})
        else:
            reason = traceback.format_exception_only(error)[-1].strip()
            send({"failed": reason, "by_user": False, "trace": traceback.format_exc()})
    return True


def _sender() -> Send:
    """Return a function that writes messages to the standard output, and nobody else's text."""
    out = io.FileIO(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    lock = threading.Lock()

    def send(message: Mapping[str, Any]) -> None:
        line = memoryview(json.dumps(message, default=transport.plain).encode() + b"\n")
        try:
            with lock:
                while line:
                    line = line[out.write(line) or 0 :]
        except OSError:  # nobody reads it: the standard input ends too, and stops the task
            pass

    return send


def _listen(
    tasks: "queue.Queue[dict[str, Any] | None]", busy: threading.Event, ended: threading.Event
) -> None:
    """Receive tasks. When the input ends, stop the running one as a signal does: trainings save."""
    for line in sys.stdin:
        tasks.put(json.loads(line))
    ended.set()
    tasks.put(None)
    if busy.is_set():
        signal.raise_signal(signal.SIGTERM)


def _forward(send: Send) -> Callable[..., None]:
    """Return a function that sends warnings; those of several lines a line at a time."""

    def show(message: Any, category: type[Warning], filename: str, line: int, *more: Any) -> None:
        if issubclass(category, Note):
            send({"note": str(message)})
        else:
            for text in warnings.formatwarning(message, category, filename, line).splitlines():
                send({"say": text})

    return show
