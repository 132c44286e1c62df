"""Output to the terminal: progress bars, or lines if the output is not a terminal, and tables."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

from genmodels.errors import one_line, spelled

LINE_SECONDS = 10.0  # between two lines of progress
# Text is printed as it is: names of files and models may look like markup, [red], or :smile:.
PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}


def duration(seconds: float) -> str:
    """Format a number of seconds: ``75`` → ``1m15s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"


class Display:
    """A display of progress: bars in a terminal, lines elsewhere.

    Args:
        quiet: whether nothing is shown.
    """

    def __init__(self, quiet: bool = False):
        self.console = Console(stderr=True, quiet=quiet, soft_wrap=True, **PLAIN)
        self.bar: Progress | None = None
        self.tasks: dict[str, TaskID] = {}
        self.last_line = 0.0

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.print(one_line(spelled(text)))

    def advance(self, what: str, done: float, total: float, note: str = "") -> None:
        """Show the progress of a task.

        Args:
            what: the name of the task.
            done, total: in any unit.
            note: a text beside the progress.
        """
        if self.console.is_terminal:
            self._move_bar(what, done, total, note)
        elif time.monotonic() - self.last_line >= LINE_SECONDS or done >= total:
            self.last_line = time.monotonic()
            self.say(f"{what} {100 * min(1, done / total):3.0f} %  {note}")

    def reading(self, what: str, done: int, total: int) -> None:
        """Show the progress of reading data."""
        self.advance(what, done, total, f"{done:,} of {total:,}")

    def training(
        self, share: float, step: int, rate: float, left: float, terms: Mapping[str, float]
    ) -> None:
        """Show the progress of training.

        Args:
            share: of the limit that is done, in [0, 1].
            step: number of steps done.
            rate: images per second.
            left: estimated seconds until the end.
            terms: losses by name.
        """
        losses = "  ".join(f"{name} {value:.4g}" for name, value in terms.items())
        note = f"step {step:,}  {rate:,.0f} images/s  {duration(left)} left  {losses}"
        self.advance("training", share, 1.0, note)

    def close(self) -> None:
        """Stop the progress bar and restore the terminal."""
        if self.bar:
            self.bar.stop()
            self.bar, self.tasks = None, {}

    def _move_bar(self, what: str, done: float, total: float, note: str) -> None:
        if self.bar is None:
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=20),
                TextColumn("{task.percentage:3.0f} %"),
                TextColumn("{task.fields[note]}", markup=False, style="dim"),
            )
            self.bar = Progress(*columns, console=self.console)
            self.bar.start()
        if what not in self.tasks:
            self.tasks[what] = self.bar.add_task(what, total=total, note=note)
        self.bar.update(self.tasks[what], completed=done, note=note)


def table(headings: list[str], rows: list[list[Any]], widest: int | None = None) -> Table:
    """Return a plain table; cells are converted to text.

    Args:
        headings: of the columns.
        rows: the cells of each row.
        widest: number of characters after which cells are wrapped, except in the first column.
    """
    made = Table(box=None, pad_edge=False)
    for index, heading in enumerate(headings):
        first = index == 0
        most = None if first else widest
        made.add_column(heading, no_wrap=first, overflow="fold", max_width=most)
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    return made


def show(content: Any) -> None:
    """Print a table or text to standard output.

    A terminal's width is kept. A file or another program gets the width that the content needs,
    so that it can be searched line by line.
    """
    console = Console(**PLAIN)
    if not sys.stdout.isatty():
        options = console.options.update(max_width=sys.maxsize)
        console.width = Measurement.get(console, options, content).maximum
    console.print(content)
