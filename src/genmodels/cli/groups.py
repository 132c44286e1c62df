"""The groups of commands in the help."""

from typing import Any

from typer.core import TyperGroup

GROUPS = {
    "Train and use": ("train", "sample", "interpolate"),
    "Compare": ("compare",),
    "List and check": ("datasets", "models", "runs", "config", "verify", "doctor"),
}


class Grouped(TyperGroup):
    """A command whose help lists its subcommands in groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each group, with all names in one column."""
        width = max(map(len, self.commands))
        for title, names in GROUPS.items():
            rows = [
                (name.ljust(width), self.commands[name].get_short_help_str(formatter.width))
                for name in names
            ]
            with formatter.section(title):
                formatter.write_dl(rows)
