"""The command that describes and tests the machine."""

import typer

from genmodels.cli.groups import Group, HelpPlace

PLACE = HelpPlace(Group.LOOK_AROUND, 6)


def doctor() -> None:
    """Describe this machine, and try a tiny training."""
    from genmodels import runs
    from genmodels.api import machine
    from genmodels.system import files

    for part in (machine.description, machine.trial):
        for name, text in part():
            typer.echo(f"{name:15} {text}")
    if why := files.obstacle(runs.HOME):
        typer.echo(f"runs cannot be kept in this folder: {why}")
        typer.echo("next: genmodels train --config vae.yaml --out FOLDER")
    else:
        typer.echo("next: genmodels train --config vae.yaml")
