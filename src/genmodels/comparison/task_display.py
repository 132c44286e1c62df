"""What the terminal shows of tasks that run side by side: the whole, and each that runs."""

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genmodels.comparison import schedule
from genmodels.console import Display, TimeLeft
from genmodels.errors import Note, duration

MOST = 0.99  # share of a task that has not ended: after its last step it still saves and draws


@dataclass
class _Running:
    """A task that runs: when it was started, its share that is done, and the seconds left."""

    began: float
    estimate: TimeLeft = field(default_factory=TimeLeft)
    share: float = 0.0
    left: float | None = None

    def move(self, share: float, left: float | None) -> None:
        """Take over a share, and the seconds that are left; by default an estimate."""
        estimated = self.estimate.seconds(share)
        self.share, self.left = min(share, MOST), estimated if left is None else left


class TaskDisplay:
    """Shows tasks that run side by side: a line for the whole, and one for each that runs.

    Args:
        display: where.
        what: the tasks do.
        total: the number of tasks.
        jobs: how many run at a time.
        announced: whether a line says that a task has started.
    """

    def __init__(self, display: Display, what: str, total: int, jobs: int, announced: bool = True):
        self.display, self.what, self.total, self.jobs = display, what, total, jobs
        self.announced = announced
        self.running: dict[str, _Running] = {}
        self.took: list[float] = []  # seconds of the tasks that have ended
        self.count = self.done = self.lost = 0  # tasks that were started, have ended, have failed
        self.said: set[str] = set()

    def started(self, name: str) -> None:
        """Show that a task has been started."""
        self.count += 1
        self.running[name] = _Running(time.monotonic())
        if self.announced:
            self.display.say(f"{name}: {self.what} {self.count} of {self.total}")
        self.display.row(self.what, self.done, self.total, f"{self.done} of {self.total} done")
        self.display.row(name, 0, 1, "starting")

    def show(self, name: str, message: Mapping[str, Any]) -> None:
        """Show a message of a task. A line that several tasks say is shown once."""
        task = self.running[name]
        if "share" in message:
            task.move(message["share"], message.get("left"))
            left = _time_left(task.left) if task.left is not None else ""
            rate = [f"{message['rate']:,.0f} images/s"] if "rate" in message else []
            self.display.row(name, task.share, 1, left, rate)
            self._whole()
        elif "doing" in message:
            self.display.row(name, task.share, 1, f"{message['doing']} {message['part']:.0%}")
        elif "note" in message:
            warnings.warn(Note(message["note"]), stacklevel=2)
        elif message["say"] not in self.said:
            self.said.add(message["say"])
            self.display.say(f"{name}: {message['say']}")

    def ended(self, name: str) -> None:
        """Show that a task is done."""
        seconds = self._remove(name)
        self.done += 1
        self.took.append(seconds)
        self.display.say(f"{name}: done in {duration(seconds)}")
        self._whole()

    def failed(self, name: str, reason: str, trace: str) -> None:
        """Show that a task has failed, and why.

        Args:
            name: of the task.
            reason: one line.
            trace: lines that say where it failed; empty for a mistake of the user.
        """
        self._remove(name)
        self.lost += 1
        for line in trace.splitlines():
            self.display.say(line)
        self.display.say(f"{name}: {reason}")
        self._whole()

    def stopping(self) -> None:
        """Show that a signal has come."""
        if self.running:
            self.display.say("stopping; once more to stop without waiting")

    def close(self) -> None:
        """Remove the lines of progress."""
        self.display.close()

    def _remove(self, name: str) -> float:
        """Forget a task that has ended, and return the seconds that it took."""
        self.display.drop(name)
        return time.monotonic() - self.running.pop(name).began

    def _whole(self) -> None:
        """Show how much of all tasks is done, and the time that is left."""
        note = f"{self.done} of {self.total} done"
        if self.done + self.lost < self.total and (left := self._left()) is not None:
            note += f", {_time_left(left)}"
        shares = sum(task.share for task in self.running.values())
        self.display.advance(self.what, self.done + shares, self.total, note)

    def _left(self) -> float | None:
        """Return the estimated seconds until all is done; None while nothing is known.

        A task that has not reported yet takes as long as others do on average.
        """
        now = time.monotonic()
        known = [
            now - task.began + task.left for task in self.running.values() if task.left is not None
        ]
        known += self.took
        if not known:
            return None
        typical = sum(known) / len(known)
        left = [
            task.left if task.left is not None else max(0.0, typical - (now - task.began))
            for task in self.running.values()
        ]
        waiting = self.total - self.done - self.lost - len(self.running)
        return schedule.makespan([*left, *[typical] * waiting], self.jobs)


def _time_left(seconds: float) -> str:
    """Return the time that is left of something that has not ended."""
    return f"{duration(seconds)} left" if round(seconds) else "finishing"
