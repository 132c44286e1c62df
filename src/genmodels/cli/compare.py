"""The command that compares models."""

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
    Seed,
    Steps,
    TrustCode,
    integer,
)


def compare(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN|CONFIG]...",
            help="Runs, and configurations to train; by default the latest run of each.",
        ),
    ] = None,
    seeds: Annotated[int, integer(help="How often to train each configuration.")] = 1,
    match: Annotated[
        str | None,
        typer.Option(
            help="Give each as many seconds or images as the first had. Default: neither."
        ),
    ] = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="K/N",
            help="Train the K-th of N shares of the runs; compare when all are there.",
        ),
    ] = None,
    data: Data = None,
    data_root: DataRoot = None,
    on_bad: OnBad = None,
    set_: Given = None,
    epochs: Epochs = None,
    steps: Steps = None,
    budget: Budget = None,
    device: Device = None,
    precision: Precision = None,
    on_nan: OnNan = None,
    count: Annotated[int, integer(help="Largest number of test images and of samples.")] = 10_000,
    features: Annotated[
        str,
        typer.Option(help="Features to measure in: auto, domain, random, inception, or a file."),
    ] = "auto",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("comparison"),
    trust_code: TrustCode = False,
) -> None:
    """Compare models on the same data.

    Configurations are trained first, and options apply to them.
    """
    options.one_limit(epochs, steps, budget)
    from genmodels import api, console
    from genmodels.api import arguments
    from genmodels.comparison import verdicts
    from genmodels.report import terminal

    overrides: dict[str, Any] = {
        "data": data, "data_root": data_root, "on_bad": on_bad, "seed": seed, "epochs": epochs,
        "steps": steps, "budget": budget, "device": device, "precision": precision,
        "on_nan": on_nan,
    }  # fmt: skip
    comparison: api.Comparison | None = api.compare(
        subjects or [],
        settings=options.assignments(set_),
        seeds=seeds,
        count=count,
        features=features,
        match=arguments.match(match),
        shard=shard,
        out=out,
        trust_code=trust_code,
        **overrides,
    )
    if comparison is None:
        typer.echo(f"share {shard} is trained: {out / 'runs'}")
        typer.echo("next: when all shares are trained, the same command without --shard")
        return
    console.show(terminal.comparison_table(comparison))
    typer.echo(verdicts.summary(comparison))
    typer.echo(f"report: {out / 'report.html'}")
    if seeds == 1 and (out / "runs").is_dir():
        typer.echo("next: for certainty, the same command with --seeds 3")
    else:
        typer.echo(f"next: open {out / 'report.html'} in a browser")
