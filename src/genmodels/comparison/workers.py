"""Worker processes of one machine: tasks run in them side by side.

A worker is a fresh Python that runs :mod:`genmodels.comparison.worker`. It reads one JSON object
for each task from its standard input and writes its messages to its standard output, one JSON
object a line. The end of its input tells it to save and to stop. So it also stops when this
process is killed.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

from genmodels.comparison.schedule import Layout
from genmodels.comparison.task_display import TaskDisplay
from genmodels.config import custom_code
from genmodels.errors import InputError, Interrupted, Unfinished, first_of
from genmodels.system.signals import stopped_by_signals

POLL_SECONDS = 0.2  # between two looks at whether a signal has come
# Variables that PyTorch takes the numbers of its threads and of its compiling processes from.
THREADS = ("OMP_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS")
GO_ON = "the same command goes on with what is missing"  # what to do after some tasks
NAMED = 3  # failed tasks named in one message
# The modules of a worker are found where this process finds them, and runs record its command.
# At its end nothing is left to do, and PyTorch would take a second for it.
PROGRAM = (
    "import json, os, sys; sys.path, sys.argv = json.loads(sys.argv[1]); "
    "from genmodels.comparison import worker; worker.main(); os._exit(0)"
)
Message = dict[str, Any]  # of a worker, parsed JSON


@dataclass(frozen=True)
class Task:
    """Something to do in a worker.

    Attributes:
        name: for the user.
        kind: a key of ``worker.KINDS``.
        given: its arguments, as JSON values.
    """

    name: str
    kind: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """A task that failed.

    Attributes:
        name: of the task.
        reason: one line.
        by_user: whether a mistake of the user is the reason.
    """

    name: str
    reason: str
    by_user: bool


class _Worker:
    """A worker process.

    Args:
        threads: the number of its CPU threads.
        receive: called with this worker and each of its messages, from another thread; at last
            with None.
    """

    def __init__(self, threads: int, receive: Callable[["_Worker", Message | None], None]):
        self.number: int | None = None  # of the task that it runs
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `reason`
        apart: dict[str, Any] = {"start_new_session": True}  # no Ctrl-C of the terminal
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM, json.dumps([sys.path, sys.argv])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env={**os.environ, **dict.fromkeys(THREADS, str(threads))},
            **apart,
        )
        threading.Thread(target=self._listen, args=(receive,), daemon=True).start()

    def start(self, number: int, task: Task) -> None:
        """Run a task."""
        self.number = number
        given = {"kind": task.kind, "given": task.given, "approved": custom_code.approved()}
        assert self.process.stdin
        with suppress(OSError):  # it has died, which is seen at the end of its output
            self.process.stdin.write(json.dumps(given).encode() + b"\n")
            self.process.stdin.flush()

    def stop(self) -> None:
        """Let it save and end."""
        assert self.process.stdin
        with suppress(OSError):
            self.process.stdin.close()

    def reason(self) -> str:
        """Return why the process has ended, and forget its output."""
        self.stop()
        code = self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        self.errors.close()
        if code < 0:
            name = signal.Signals(-code).name
            killed = code == -getattr(signal, "SIGKILL", 0)
            return f"killed by {name}" + (", perhaps for lack of memory" if killed else "")
        return f"its process ended with code {code}" + (f": {lines[-1][:200]}" if lines else "")

    def _listen(self, receive: Callable[["_Worker", Message | None], None]) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                if line.endswith(b"\n"):  # else it died while it wrote
                    receive(self, json.loads(line))
        receive(self, None)


class WorkerPool:
    """Workers that run tasks side by side, each with the same number of CPU threads.

    A worker runs many tasks in turn. If it dies, its task has failed, and another is started.

    Args:
        layout: the number of workers, and of the CPU threads of each.
    """

    def __init__(self, layout: Layout):
        self.jobs, self.threads = layout.jobs, layout.threads
        self.workers: list[_Worker] = []
        self.messages: queue.Queue[tuple[_Worker, Message | None]] = queue.Queue()

    def __enter__(self) -> "WorkerPool":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.workers:
            worker.stop()
        for worker in self.workers:
            worker.reason()

    def run(self, tasks: Sequence[Task], display: TaskDisplay, stopped: str) -> list[Any]:
        """Run tasks, in their order as workers become free.

        Args:
            tasks: what to do.
            display: shows it.
            stopped: what a signal has stopped, and what was saved, in words.

        Returns:
            The result of each task, as JSON values.

        Raises:
            Interrupted: a signal came; what can be saved was saved.
            InputError: tasks failed by mistakes of the user. All others are done.
            Unfinished: tasks failed. All others are done.
        """
        waiting, results = deque(enumerate(tasks)), [None] * len(tasks)
        failures: dict[int, Failure] = {}
        try:
            with stopped_by_signals() as stop:
                while not stop and (waiting or self._busy()):
                    self._assign(waiting, display)
                    self._receive(tasks, results, failures, display)
                if stop:
                    display.stopping()
                    for worker in self.workers:
                        worker.stop()
                    while self._busy():
                        self._receive(tasks, results, {}, display)
        finally:
            display.close()
        if stop:
            raise Interrupted(stopped, 128 + stop[0], GO_ON)
        _check([failures[number] for number in sorted(failures)], len(tasks))
        return results

    def _busy(self) -> bool:
        return any(worker.number is not None for worker in self.workers)

    def _assign(self, waiting: deque[tuple[int, Task]], display: TaskDisplay) -> None:
        """Give waiting tasks to free workers, and start workers for the rest."""
        idle = [worker for worker in self.workers if worker.number is None]
        while waiting and (idle or len(self.workers) < self.jobs):
            if not idle:
                idle.append(_Worker(self.threads, lambda *message: self.messages.put(message)))
                self.workers.append(idle[0])
            number, task = waiting.popleft()
            idle.pop().start(number, task)
            display.started(task.name)

    def _receive(
        self,
        tasks: Sequence[Task],
        results: list[Any],
        failures: dict[int, Failure],
        display: TaskDisplay,
    ) -> None:
        """Wait briefly for a message, and handle it."""
        try:
            worker, message = self.messages.get(timeout=POLL_SECONDS)
        except queue.Empty:
            return
        number = worker.number
        if message is None:
            self.workers.remove(worker)
            message = {"failed": worker.reason(), "by_user": False}
        if number is None:
            return
        name = tasks[number].name
        if "result" in message:
            results[number] = message["result"]
            display.ended(name)
        elif "failed" in message:
            failures[number] = Failure(name, message["failed"], message["by_user"])
            display.failed(name, message["failed"], message.get("trace", ""))
        else:
            display.show(name, message)
            return
        worker.number = None


def _check(failures: Sequence[Failure], total: int) -> None:
    """Raise an error that names the tasks that failed, if there are any."""
    if not failures:
        return
    named = [f"{failure.name}: {failure.reason}" for failure in failures]
    kind = InputError if all(failure.by_user for failure in failures) else Unfinished
    others = "; the others are done" if len(failures) < total else ""
    raise kind(f"{len(failures)} of {total} failed ({first_of(named, NAMED)}){others}: {GO_ON}")
