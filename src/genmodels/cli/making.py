"""The commands that make something."""

from pathlib import Path
from typing import Annotated, Any

import typer

from genmodels.cli import options
from genmodels.cli.options import (
    Budget,
    Changed,
    Data,
    DataRoot,
    Device,
    Epochs,
    Given,
    OnBad,
    Precision,
    RunArgument,
    Seed,
    Steps,
    TrustCode,
    Weights,
    whole,
)
from genmodels.errors import InputError


def train(
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="A preset's name, or a path.")
    ] = None,
    data: Data = None,
    data_root: DataRoot = None,
    on_bad: OnBad = None,
    set_: Given = None,
    seed: Annotated[int | None, whole(help="Seed of everything random.")] = None,
    epochs: Epochs = None,
    steps: Steps = None,
    budget: Budget = None,
    device: Device = None,
    precision: Precision = None,
    on_nan: Annotated[
        str | None,
        typer.Option(help="stop, or rollback: from the last checkpoint at half the rates."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; by default runs/<config>-<date>.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run.")] = False,
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
    if dry_run:
        if config is None:
            raise InputError("--dry-run needs --config, a preset such as vae.yaml or a path")
        options.print_config(config, assignments, changes)
        return
    from genmodels.api import verbs
    from genmodels.system import distributed

    run = verbs.train(
        config, settings=assignments, out=out, resume=resume, trust_code=trust_code, **changes
    )
    if distributed.here().first:
        typer.echo(f"run: {run.path}")


def sample(
    run: RunArgument = None,
    count: Annotated[
        int | None, whole(help="How many images; 64 by default, 8 of each class.")
    ] = None,
    seed: Seed = 0,
    label: Annotated[
        str | None,
        typer.Option(help="Class by name or number; each: all, from the same latents, in columns."),
    ] = None,
    weights: Weights = None,
    out: Annotated[
        Path | None, typer.Option(help=".png grid, .npy or .npz array, or a folder of PNGs.")
    ] = None,
    set_: Changed = None,
    trust_code: TrustCode = False,
) -> None:
    """Generate images."""
    from genmodels.api import verbs

    chosen = options.which(weights)
    opened = verbs.load(run, trust_code)
    path = verbs.sample(opened, count, seed, chosen, out, label, options.changes(set_))
    typer.echo(f"samples of {opened.path}: {path}")


def interpolate(
    run: RunArgument = None,
    mode: Annotated[str, typer.Option(help="slerp, lerp or perturb.")] = "slerp",
    steps: Annotated[int | None, whole(help="Frames; 10 by default, 21 for perturb.")] = None,
    rows: Annotated[int | None, whole(help="How many walks; 8 by default.")] = None,
    seed: Seed = 0,
    weights: Weights = None,
    from_: Annotated[Path | None, typer.Option("--from", help="Picture to start from.")] = None,
    to: Annotated[Path | None, typer.Option(help="Picture to end at; not of perturb.")] = None,
    shift: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIMS,START,STEP",
            help="perturb: move these dimensions, as in 0:8:2,-1,0.1; may be repeated.",
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="Class by name or number.")] = None,
    out: Annotated[Path | None, typer.Option(help=".png, a row each, or .gif.")] = None,
    set_: Changed = None,
    trust_code: TrustCode = False,
) -> None:
    """Walk through the latents."""
    from genmodels import config
    from genmodels.api import verbs
    from genmodels.data import pictures

    chosen = options.one_of("--mode", mode, "slerp", "lerp", "perturb")
    opened = verbs.load(run, trust_code)
    changed = options.changes(set_)
    given = {
        "frames": steps, "rows": rows, "seed": seed or None, "from": from_ and from_.stem,
        "to": to and to.stem, "shift": "+".join(shift) if shift else None, "label": label,
        "weights": weights, **changed,
    }  # fmt: skip
    path = out or opened.folder.samples / pictures.file_name(mode, given)
    pictures.check_walk(path)
    frames = verbs.interpolate(
        opened, chosen, steps=steps, rows=rows, seed=seed, weights=options.which(weights),
        start=from_, end=to, shifts=[config.shift(text) for text in shift or []], label=label,
        changes=changed,
    )  # fmt: skip
    pictures.save_walk(frames, path)
    count = len(frames)
    walks = "1 walk" if count == 1 else f"{count} walks"
    typer.echo(f"{walks} of {frames.shape[1]} frames of {opened.path}: {path}")


def compare(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN|CONFIG]...",
            help="Runs, and configurations to train; by default the latest run of each.",
        ),
    ] = None,
    seeds: Annotated[int, whole(help="Train each configuration so often.")] = 1,
    match: Annotated[
        str | None,
        typer.Option(help="seconds or images: give each as much as the first had."),
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
    count: Annotated[int, whole(help="Test images and samples, at most.")] = 10_000,
    features: Annotated[str, typer.Option(help="auto, domain, random, inception, PATH.")] = "auto",
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("comparison"),
    trust_code: TrustCode = False,
) -> None:
    """Compare models on the same data.

    Configurations are trained first, and options apply to them.
    """
    options.one_limit(epochs, steps, budget)
    from genmodels import console
    from genmodels.api import verbs
    from genmodels.comparison import verdicts
    from genmodels.report import terminal

    comparison = verbs.compare(
        subjects or [], settings=options.assignments(set_), data=data, data_root=data_root,
        epochs=epochs, steps=steps, budget=budget, device=device, precision=precision,
        seeds=seeds, match=options.one_of("--match", match, "seconds", "images"), count=count,
        features=features, seed=seed, out=out, shard=shard, on_bad=on_bad,
        trust_code=trust_code,
    )  # fmt: skip
    if comparison is None:
        typer.echo(f"share {shard} is trained in {out}; when all are, compare without --shard")
        return
    console.show(terminal.comparison_table(comparison))
    typer.echo(verdicts.summary(comparison))
    typer.echo(f"{out / 'report.html'}")
