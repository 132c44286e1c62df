"""The table of a comparison in the terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from genmodels.comparison import ranks, verdicts
from genmodels.comparison.result import Comparison

GAP = 2  # characters between two columns


@dataclass(frozen=True)
class ComparisonTable:
    """A table with a row for each number and a column for each model and baseline.

    Where it is too wide for the terminal, it is several tables below each other, each with the
    names of the numbers and a few columns. No name and no number is cut.

    Attributes:
        title: a line above.
        caption: lines below, if any.
        headings: of the columns after the first.
        rows: the cells of each row, first the name of a number.
    """

    title: str
    caption: str | None
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        whole = sum(self._widths()) + GAP * len(self.headings)
        texts = (self.title, *(self.caption or "").splitlines())
        widest = max(whole, *map(cell_len, texts))
        return Measurement(1, widest).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Any]:
        yield Text(self.title, style="bold")
        for columns in self._blocks(options.max_width):
            yield Text()
            yield self._table(columns)
        if self.caption:
            yield Text()
            yield Text(self.caption, style="dim")

    def _widths(self) -> list[int]:
        """Return the number of characters of each column, the first with the names."""
        columns = zip(("", *self.headings), *self.rows, strict=True)
        return [max(map(cell_len, column)) for column in columns]

    def _blocks(self, width: int) -> list[list[int]]:
        """Distribute the columns after the first over tables of at most ``width`` characters."""
        names, *widths = self._widths()
        blocks: list[list[int]] = []
        used = width
        for column, needed in enumerate(widths, 1):
            used += GAP + needed
            if used > width or not blocks:
                blocks.append([])
                used = names + GAP + needed
            blocks[-1].append(column)
        return blocks

    def _table(self, columns: Sequence[int]) -> Table:
        """Return one of the tables; only one that is still too wide wraps its names."""
        made = Table(box=None, pad_edge=False)
        made.add_column("", overflow="fold")
        for column in columns:
            widest = max((cell_len(row[column]) for row in self.rows), default=0)
            heading = Text(self.headings[column - 1])
            made.add_column(heading, justify="right", overflow="fold", min_width=widest)
        for row in self.rows:
            made.add_row(*(Text(row[column]) for column in (0, *columns)))
        return made


def comparison_table(comparison: Comparison, report: Path) -> ComparisonTable:
    """Return the table of the numbers that decide, which fits any terminal.

    Args:
        comparison: the comparison.
        report: the file that has all numbers, which the caption names.
    """
    rows, among = comparison.main_rows(), len(comparison.rows())
    seeds = max(len(entry.results) for entry in comparison.entries)
    notes = [f"± and ( – ): the {verdicts.intervals(comparison, rows)}"] if seeds > 1 else []
    notes += [comparison.missing] if comparison.missing else []
    notes += [f"{len(rows)} of {among} numbers; all are in {report}"] if among > len(rows) else []
    return ComparisonTable(
        title=f"{comparison.data}: {comparison.protocol['real_images']:,} images on each side",
        caption="\n".join(notes) or None,
        headings=comparison.headings(),
        rows=comparison.table(rows),
    )


def utility_table(comparison: Comparison) -> ComparisonTable | None:
    """Return the table of classifiers' accuracies; None where none were trained."""
    rows = comparison.utility.table() if comparison.utility else []
    if not rows or not comparison.utility:
        return None
    headings, *others = rows
    return ComparisonTable(
        title="accuracy of classifiers on real test images",
        caption=comparison.utility.note,
        headings=headings[1:],
        rows=others,
    )


def ranks_table(comparison: Comparison) -> ComparisonTable | None:
    """Return the table of ranks by judge; None with one judge or one model."""
    rows = ranks.table(comparison)
    if not rows:
        return None
    headings, *others = rows
    return ComparisonTable(
        title="ranks by judge",
        caption="\n".join(ranks.notes(comparison)),
        headings=headings[1:],
        rows=others,
    )
