"""The command that trains a model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from genmodels.cli import options
from genmodels.cli.options import (
    Budget,
    Data,
    DataRoot,
    Device,
    Epochs,
    Given,
    OnBad,
    OnNan,
    Precision,
    Steps,
    TrustCode,
    whole,
)
from genmodels.errors import InputError


def train(
    config: Annotated[
        str | None,
        typer.Option("--config", "-c", help="Configuration to train: a preset's name, or a path."),
    ] = None,
    data: Data = None,
    data_root: DataRoot = None,
    on_bad: OnBad = None,
    set_: Given = None,
    seed: Annotated[
        int | None,
        whole(help="Seed of everything random, an integer. Default: the configuration's."),
    ] = None,
    epochs: Epochs = None,
    steps: Steps = None,
    budget: Budget = None,
    device: Device = None,
    precision: Precision = None,
    on_nan: OnNan = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run. Default: runs/<config>-<date>.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run. Default: start a new one.")
    ] = False,
    trust_code: TrustCode = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved configuration, train nothing.")
    ] = False,
) -> None:
    """Train a model."""
    options.one_limit(epochs, steps, budget)
    changes: dict[str, Any] = {
        "data": data, "data_root": data_root, "seed": seed, "epochs": epochs, "steps": steps,
        "budget": budget, "device": device, "precision": precision, "on_nan": on_nan,
        "on_bad": on_bad,
    }  # fmt: skip
    assignments = options.assignments(set_)
    from genmodels import api

    if dry_run:
        if config is None:
            raise InputError("--dry-run needs --config, a preset such as vae.yaml or a path")
        typer.echo(api.config(config, settings=assignments, **changes).yaml(), nl=False)
        return
    from genmodels.system import distributed

    run = api.train(
        config, settings=assignments, out=out, resume=resume, trust_code=trust_code, **changes
    )
    if distributed.launched().is_first:
        typer.echo(f"run: {run.path}")
        options.next_command("sample", run.path)
