"""Output to the terminal: progress bars, or lines if the output is not a terminal, and tables."""

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.table import Table
from rich.text import Text

from genmodels.errors import duration, one_line, spelled
from genmodels.system.streams import lasting

GAP = 2  # characters between two columns of a table
LINE_SECONDS = 10.0  # between two lines of progress
# Text is printed as it is: names of files and models may look like markup, [red], or :smile:.
PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}


@dataclass
class TimeLeft:
    """The estimated time until a task is done, at the pace since it first reported.

    Attributes:
        first: when it first reported, and its share then.
    """

    first: tuple[float, float] | None = None

    def seconds(self, share: float) -> float | None:
        """Return the seconds that are left when a share in [0, 1] is done; None if unknown."""
        now = time.monotonic()
        began, start = self.first = self.first or (now, share)
        return (now - began) * (1 - share) / (share - start) if share > start else None


@dataclass(frozen=True)
class ProgressNote:
    """A text beside a progress bar.

    Attributes:
        text: never cut; it is wrapped if it is too long.
        details: shown after it, as many of the first as there is room for.
    """

    text: str
    details: Sequence[str] = ()

    def within(self, width: float) -> str:
        """Return the text, and the details for which there is room."""
        shown = self.text
        for detail in self.details:
            longer = f"{shown}  {detail}" if shown else detail
            if cell_len(longer) > width:
                break
            shown = longer
        return shown

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = cell_len(self.within(math.inf))
        return Measurement(min(1, longest), longest).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        yield Text(self.within(options.max_width), style="dim", overflow="fold", no_wrap=False)


class _NoteColumn(ProgressColumn):
    """The column of the notes, the only one that gives way in a narrow terminal."""

    def render(self, task: Task) -> Any:
        return task.fields["note"]


class Display:
    """A display of progress: bars in a terminal, lines elsewhere.

    Args:
        quiet: whether nothing is shown.
    """

    def __init__(self, quiet: bool = False):
        shown: dict[str, Any] = {"file": lasting(sys.stderr), "stderr": True, **PLAIN}
        self.console = Console(quiet=quiet, soft_wrap=True, **shown)
        self.bar: Progress | None = None
        self.tasks: dict[str, TaskID] = {}
        self.reads: dict[str, TimeLeft] = {}  # by what is read
        self.last_line, self.last_time = "", 0.0  # of progress, and when it was printed
        self.said: set[str] = set()  # lines that are printed once

    def say(self, text: str) -> None:
        """Print one line."""
        self.console.print(one_line(spelled(text)))

    def say_once(self, text: str) -> None:
        """Print one line, unless it was printed before, as by another training of a study."""
        if text not in self.said:
            self.said.add(text)
            self.say(text)

    def advance(
        self, what: str, done: float, total: float, note: str = "", details: Sequence[str] = ()
    ) -> None:
        """Show the progress of a task.

        Args:
            what: the name of the task.
            done, total: in any unit.
            note: a text beside the progress.
            details: texts after it; the last are left out in a terminal that is too narrow.
        """
        if self.console.is_terminal:
            self._move_bar(what, done, total, note, details)
        elif time.monotonic() - self.last_time >= LINE_SECONDS or done >= total:
            text = ProgressNote(note, details).within(math.inf)
            line, before = f"{what} {_percent(done / total)}  {text}", self.last_line
            self.last_line, self.last_time = line, time.monotonic()
            if line != before:
                self.say(line)

    def row(
        self, what: str, done: float, total: float, note: str, details: Sequence[str] = ()
    ) -> None:
        """Show one of several tasks that run at the same time, in a terminal alone.

        Args:
            what, done, total, note, details: as for :meth:`advance`.
        """
        if self.console.is_terminal:
            self._move_bar(what, done, total, note, details)

    def drop(self, what: str) -> None:
        """Remove the bar of a task."""
        if self.bar and what in self.tasks:
            self.bar.remove_task(self.tasks.pop(what))

    def reading(self, what: str, done: int, total: int) -> None:
        """Show the progress of reading or preparing data, and the time that is left."""
        left = self.reads.setdefault(what, TimeLeft()).seconds(done / total)
        note = "" if left is None else f"  {duration(left)} left"
        self.advance(what, done, total, f"{done:,} of {total:,}{note}")

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
        losses = [f"{name} {value:.4g}" for name, value in terms.items()]
        note = f"step {step:,}  {rate:,.0f} images/s  {duration(left)} left"
        self.advance("training", share, 1.0, note, losses)

    def close(self) -> None:
        """Stop the progress bar and restore the terminal."""
        if self.bar:
            self.bar.stop()
            self.bar, self.tasks = None, {}
        self.reads, self.last_line = {}, ""

    def _move_bar(
        self, what: str, done: float, total: float, note: str, details: Sequence[str] = ()
    ) -> None:
        if self.bar is None:
            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=min(20, self.console.width // 8)),
                TextColumn("{task.fields[percent]}"),
                _NoteColumn(),
            )
            self.bar = Progress(*columns, console=self.console)
            self.bar.start()
        beside: dict[str, Any] = {
            "percent": _percent(done / total),
            "note": ProgressNote(note, details),
        }
        if what not in self.tasks:
            self.tasks[what] = self.bar.add_task(what, total=total, **beside)
        self.bar.update(self.tasks[what], completed=done, **beside)


def _percent(share: float) -> str:
    """Return a share of what is to do in whole percent; 100 only if all is done."""
    return f"{math.floor(100 * min(1.0, share)):3d} %"


def show_table(
    headings: list[str],
    rows: list[list[Any]],
    widest: int | None = None,
    left_out: Sequence[str] = (),
) -> None:
    """Print a plain table to standard output; cells are converted to text.

    A tuple is a cell of several parts, side by side. Where a terminal is too narrow, columns are
    left out, then parts stand below each other, and then cells are wrapped between words, except
    in the first column. If the longest words are too wide, the terminal wraps the lines.

    Args:
        headings: of the columns.
        rows: the cells of each row.
        widest: number of characters after which cells are wrapped.
        left_out: columns that a narrow terminal lacks, the first one first.
    """
    room = Console(**PLAIN).width if sys.stdout and sys.stdout.isatty() else sys.maxsize
    shown: Sequence[int] = range(len(headings))
    columns = _columns(headings, rows, "  ")
    for heading in left_out:
        if _width(_widths([columns[i] for i in shown], sys.maxsize, widest)) > room:
            shown = [i for i in shown if headings[i] != heading]
    if _width(_widths([columns[i] for i in shown], sys.maxsize, widest)) > room:
        columns = _columns(headings, rows, "\n")
    kept = [columns[i] for i in shown]
    widths = _widths(kept, room, widest)
    made = Table(box=None, pad_edge=False)
    for column, width in zip(kept, widths, strict=True):
        made.add_column(column[0], overflow="fold", width=width)
    for row in zip(*(column[1:] for column in kept), strict=True):
        made.add_row(*row)
    show(made, _width(widths))


def _columns(
    headings: Sequence[str], rows: Sequence[Sequence[Any]], between: str
) -> list[tuple[str, ...]]:
    """Return the texts of each column, with its heading; parts have a text between them."""
    texts = [
        [between.join(cell) if isinstance(cell, tuple) else str(cell) for cell in row]
        for row in rows
    ]
    return [*zip(headings, *texts, strict=True)]


def _width(widths: Sequence[int]) -> int:
    """Return the width of a table with columns of these widths."""
    return sum(widths) + GAP * (len(widths) - 1)


def _widths(columns: Sequence[Sequence[str]], room: int, widest: int | None) -> list[int]:
    """Return the width of each column: what it needs, or less where it is wrapped between words."""
    first = _longest(columns[0], str.splitlines, None)
    least = [first, *(_longest(column, str.split, widest) for column in columns[1:])]
    most = [first, *(_longest(column, str.splitlines, widest) for column in columns[1:])]
    spare, wanted = room - GAP * (len(most) - 1) - sum(least), sum(most) - sum(least)
    if spare >= wanted:
        return most
    share = max(0, spare) / wanted
    return [few + int((many - few) * share) for few, many in zip(least, most, strict=True)]


def _longest(cells: Sequence[str], parts: Callable[[str], list[str]], widest: int | None) -> int:
    """Return the length of the longest part of some cells, ``widest`` at most."""
    longest = max((cell_len(part) for cell in cells for part in parts(cell)), default=0)
    return longest if widest is None else min(longest, widest)


def show(content: Any, width: int = 0) -> None:
    """Print a table or text to standard output.

    A terminal's width is kept. A file or another program gets the width that the content needs,
    so that it can be searched line by line.

    Args:
        content: what rich can print.
        width: the least width, also if the terminal is narrower.
    """
    if sys.stdout is None:  # closed before the start
        return
    console = Console(**PLAIN)
    if not sys.stdout.isatty():
        options = console.options.update(max_width=sys.maxsize)
        console.width = Measurement.get(console, options, content).maximum
    console.width = max(console.width, width)
    console.print(content)
