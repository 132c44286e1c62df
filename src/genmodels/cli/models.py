"""The command that lists the models."""

from typing import Annotated

import typer

from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace

PLACE = HelpPlace(Group.LOOK_AROUND, 2)
WIDEST = 84  # characters of a line of a paper's title


def models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="A model or a preset, to describe. Default: list all."),
    ] = None,
) -> None:
    """List the models, their presets and scores."""
    from genmodels import api, console

    if name is not None:
        found = api.describe(name)
        typer.echo(found.page)
        presets = [preset.name for preset in getattr(found, "presets", ())] or [found.name]
        own = f"{found.name.lower()}.yaml"  # the plainest, if there is one
        options.next_command("train", "--config", own if own in presets else presets[0])
        return
    rows = []
    for entry in api.models():
        lines = [", ".join(entry.abilities), entry.paper, *(each.scored for each in entry.presets)]
        rows.append([entry.name, "\n".join(filter(None, lines))])
    headings = ["class", "what it can do besides; paper; presets"]
    console.show_table(headings, rows, WIDEST)
    typer.echo(
        "scores: Fréchet distance between samples and test images, lower is better; in brackets\n"
        "  the data set, and the training time on two cores. The features are those of before\n"
        "  they were trained with noise and blur: what compare finds is on another scale"
    )
    typer.echo(
        "settings and their sources: genmodels models GAN; a preset: genmodels models gan.yaml"
    )
    typer.echo("next: genmodels train --config vae.yaml")
