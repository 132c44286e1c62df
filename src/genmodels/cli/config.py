"""The command that prints a configuration."""

from typing import Annotated

import typer

from genmodels.cli import options


def config(name: Annotated[str, typer.Argument(help="A preset's name, or a path.")]) -> None:
    """Print a configuration with all its defaults."""
    options.print_config(name, [], {})
