"""The command that describes and tests the machine."""

import typer

from genmodels.cli.groups import Group, HelpPlace

PLACE = HelpPlace(Group.LOOK_AROUND, 6)


def doctor() -> None:
    """Describe this machine, and try a tiny training."""
    from genmodels.api import machine

    for part in (machine.description, machine.trial):
        for name, text in part():
            typer.echo(f"{name:15} {text}")
    typer.echo("next: genmodels train --config vae.yaml")
