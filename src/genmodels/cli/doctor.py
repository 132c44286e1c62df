"""The command that looks at the machine."""

import typer

from genmodels.cli.groups import Group, Place

PLACE = Place(Group.LOOK_AROUND, 6)


def doctor() -> None:
    """Say what this machine offers, and try a tiny training."""
    from genmodels.api import machine

    for name, said in machine.look():
        typer.echo(f"{name:15} {said}")
    for name, said in machine.trial():
        typer.echo(f"{name:15} {said}")
    typer.echo("next: genmodels train --config vae.yaml")
