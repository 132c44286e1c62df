"""The command that generates images."""

from pathlib import Path
from typing import Annotated

import typer

from genmodels.api import formats
from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace
from genmodels.cli.options import (
    Changed,
    DeviceOption,
    RunArgument,
    Seed,
    TrustCode,
    WeightsOption,
    integer,
)

PLACE = HelpPlace(Group.TRAIN_AND_USE, 2)


def sample(
    run: RunArgument = None,
    count: Annotated[
        int | None,
        integer(help="Number of images. Default: 64; with --label each, 8 of each class."),
    ] = None,
    seed: Seed = 0,
    label: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS",
            help="Class by name or number; or each: a column for every class, a row for every "
            "latent. Default: drawn at random.",
        ),
    ] = None,
    weights: WeightsOption = None,
    device: DeviceOption = "auto",
    out: Annotated[
        Path | None,
        options.path(
            metavar="PATH", help=f"Result: {formats.listed('images')}. Default: in the run."
        ),
    ] = None,
    set_: Changed = None,
    trust_code: TrustCode = False,
) -> None:
    """Generate images."""
    from genmodels import api
    from genmodels.api import arguments

    chosen = arguments.weights(weights)
    opened = api.load(run, trust_code)
    path = api.sample_to(
        opened, out, count=count, seed=seed, weights=chosen, label=label,
        device=device, changes=options.changes(set_),
    )  # fmt: skip
    typer.echo(f"samples of {opened.path}{options.class_taken(opened, label)}: {path}")
    options.next_command("interpolate", opened.path)
