"""The command that prints a configuration."""

from typing import Annotated

import typer

from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace

PLACE = HelpPlace(Group.LOOK_AROUND, 4)


def config(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A preset's name, or a path.")],
) -> None:
    """Print a configuration with all defaults."""
    from genmodels import api

    typer.echo(api.config(name).yaml(), nl=False)
    options.next_command("train", "--config", name, err=True)
