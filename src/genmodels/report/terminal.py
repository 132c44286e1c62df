"""The table of a comparison in the terminal."""

from rich.table import Table

from genmodels.comparison.result import Comparison
from genmodels.comparison.statistics import INTERVAL


def comparison_table(comparison: Comparison) -> Table:
    """Return a table with a row for each number and a column for each model and baseline."""
    seeds = max(len(entry.results) for entry in comparison.entries)
    table = Table(
        title=f"{comparison.data}: {comparison.protocol['real_images']:,} images on each side",
        caption=f"± is the {INTERVAL}" if seeds > 1 else None,
    )
    table.add_column("", no_wrap=True)
    for heading in comparison.headings():
        table.add_column(heading, justify="right")
    for row in comparison.table():
        table.add_row(*row)
    return table
