"""The command that lists the data sets."""

from pathlib import Path
from typing import Annotated

import typer

from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace

PLACE = HelpPlace(Group.LOOK_AROUND, 1)


def datasets(
    data_root: Annotated[
        Path | None,
        options.path(
            metavar="FOLDER",
            help="Folder of the data sets. Default: $GENMODELS_DATA, or a cache folder.",
        ),
    ] = None,
) -> None:
    """List the named data sets."""
    from genmodels import api, console, data

    rows = [
        [
            s.name,
            "x".join(map(str, s.image_shape)),
            f"{s.train:,}",
            f"{s.test:,}",
            f"{s.classes:,}",
            s.note,
        ]
        for s in api.datasets(data_root)
    ]
    headings = ["name", "image", "train", "test", "classes", "place"]
    console.show_table(headings, rows, left_out=("classes", "test"))
    root = data_root or data.default_root()
    typer.echo(f"Downloadable sets are downloaded when they are used, into {root}")
    typer.echo("Any folder of pictures is a data set too: --data ./pictures")
    typer.echo("next: genmodels train --config vae.yaml --data NAME")
