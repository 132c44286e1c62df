"""The command that trains a model."""

from pathlib import Path
from typing import Annotated

import typer

from genmodels.cli import options
from genmodels.cli.groups import Group, HelpPlace
from genmodels.cli.options import TrustCode
from genmodels.cli.overrides import Changes, with_overrides
from genmodels.errors import InputError

PLACE = HelpPlace(Group.TRAIN_AND_USE, 1)


@with_overrides()
def train(
    config: Annotated[
        str | None,
        typer.Option(
            "--config",
            "-c",
            metavar="NAME|PATH",
            help="Configuration to train: a preset's name, or a path. Default: the resumed run's.",
        ),
    ] = None,
    *,
    changes: Changes,
    out: Annotated[
        Path | None,
        options.path(metavar="FOLDER", help="Folder of the run. Default: runs/<config>-<date>."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a run. Default: start a new one.")
    ] = False,
    trust_code: TrustCode = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print the complete configuration, and do not train. Default: train."
        ),
    ] = False,
) -> None:
    """Train a model."""
    from genmodels import api

    if dry_run:
        if config is None:
            raise InputError("--dry-run needs --config, a preset such as vae.yaml or a path")
        typer.echo(api.config(config, **changes).yaml(), nl=False)
        typer.echo("next: the same command without --dry-run", err=True)
        return
    from genmodels.system import distributed

    run = api.train(config, out=out, resume=resume, trust_code=trust_code, **changes)
    if distributed.launched().is_first:
        typer.echo(f"run: {run.path}")
        options.next_command("sample", run.path)
