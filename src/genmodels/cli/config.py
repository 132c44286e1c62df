"""The command that prints a configuration."""

from typing import Annotated

import typer

from genmodels.cli import options


def config(name: Annotated[str, typer.Argument(help="A preset's name, or a path.")]) -> None:
    """Print a configuration with all its defaults."""
    from genmodels import api

    typer.echo(api.config(name).yaml(), nl=False)
    options.next_command("train", "--config", name, err=True)
