"""A comparison as a table in the terminal."""

from rich.table import Table

from genmodels.comparison.result import Comparison


def comparison_table(comparison: Comparison) -> Table:
    """Make a table: a row for each number; columns are the models, then the baselines."""
    seeds = max(len(entry.results) for entry in comparison.entries)
    table = Table(
        title=f"{comparison.data}: {comparison.protocol['real_images']:,} images a side",
        caption="± is the 95 % t-interval over seeds" if seeds > 1 else None,
    )
    table.add_column("", no_wrap=True)
    for heading in comparison.headings():
        table.add_column(heading, justify="right")
    for row in comparison.table():
        table.add_row(*row)
    return table
