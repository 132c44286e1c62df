"""The commands, found in this folder, and their groups in the help.

A command is one file: it says its ``PLACE`` and defines a function of the file's own name.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from itertools import groupby
from operator import attrgetter
from typing import Any

from typer.core import TyperGroup


class Group(StrEnum):
    """The groups, in their order in the help."""

    TRAIN_AND_USE = "Train and use"
    COMPARE = "Compare"
    LOOK_AROUND = "Look around"


@dataclass(frozen=True)
class HelpPlace:
    """Where a command stands in the help.

    Attributes:
        group: its group.
        row: commands of a group are sorted by this number, and by name where it is the same.
    """

    group: Group
    row: int


def commands(package: str) -> list[tuple[Callable[..., None], Group]]:
    """Find the commands of a package, each with its group, in the order of the help."""
    found: list[tuple[HelpPlace, Callable[..., None]]] = []
    for each in pkgutil.iter_modules(import_module(package).__path__):  # sorted by name
        module = import_module(f"{package}.{each.name}")
        if hasattr(module, "PLACE"):
            found.append((module.PLACE, getattr(module, each.name)))
    rank = list(Group).index
    found.sort(key=lambda row: (rank(row[0].group), row[0].row))
    return [(command, place.group) for place, command in found]


class Grouped(TyperGroup):
    """A command whose help lists its subcommands in groups: their help panels."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write one section for each group, with all names in one column."""
        width = max(map(len, self.commands))
        panel = attrgetter("rich_help_panel")
        for title, commands in groupby(self.commands.values(), panel):
            rows = [
                (str(each.name).ljust(width), each.get_short_help_str(formatter.width))
                for each in commands
            ]
            with formatter.section(title):
                formatter.write_dl(rows)
