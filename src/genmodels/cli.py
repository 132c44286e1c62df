"""The command line: parse, call one function, say where the result is.

Heavy imports stand inside the commands, so that help and mistakes cost no time.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from genmodels import __version__
from genmodels.errors import InputError, Interrupted, nearest

# The base of what is wrong on a command line, in whichever click typer brings.
UsageError: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="genmodels",
    help="Train generative image models under one trainer, and compare them fairly.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

RunArgument = Annotated[
    str | None, typer.Argument(metavar="[RUN]", help="A run's folder; the latest by default.")
]
Weights = Annotated[
    str | None,
    typer.Option(help="average or last; the average where there is one.", metavar="WEIGHTS"),
]
Seed = Annotated[int, typer.Option(help="Seed of the latents.", min=0)]


@app.callback(invoke_without_command=True, no_args_is_help=False)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Train generative image models under one trainer, and compare them fairly."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def train(
    config: Annotated[
        str | None, typer.Option("--config", "-c", help="A preset's name, or a path.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="A data set's name, or a folder of pictures.")
    ] = None,
    data_root: Annotated[Path | None, typer.Option(help="Where data sets lie.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="Set a key, as in train.batch_size=128."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything random.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Train this many epochs in all.")] = None,
    steps: Annotated[int | None, typer.Option(help="Train this many steps in all.")] = None,
    budget: Annotated[
        str | None, typer.Option(help="Train this long in all: 90s, 10m, 2h.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, fp32, bf16, fp16.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; by default runs/<config>-<date>.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the resolved configuration, train nothing.")
    ] = False,
) -> None:
    """Train a model."""
    if [epochs, steps, budget].count(None) < 2:
        raise InputError("give one of --epochs, --steps and --budget, not several")
    from genmodels.config import assignment

    options: dict[str, Any] = {
        "data": data, "data_root": data_root, "seed": seed, "epochs": epochs, "steps": steps,
        "budget": budget, "device": device, "precision": precision,
    }  # fmt: skip
    assignments = [assignment(text) for text in set_ or []]
    if dry_run:
        _print_config(config, assignments, options)
        return
    from genmodels import verbs

    run = verbs.train(config, settings=assignments, out=out, resume=resume, **options)
    typer.echo(f"run: {run.path}")


@app.command()
def sample(
    run: RunArgument = None,
    count: Annotated[int, typer.Option(help="How many images.")] = 64,
    seed: Seed = 0,
    label: Annotated[int | None, typer.Option(help="Class, for models that take labels.")] = None,
    weights: Weights = None,
    out: Annotated[
        Path | None, typer.Option(help=".png grid, .npy or .npz array, or a folder of PNGs.")
    ] = None,
) -> None:
    """Generate images."""
    from genmodels import verbs

    chosen = _weights(weights)
    opened = verbs.load(run)
    path = verbs.sample(opened, count, seed, chosen, out, label)
    typer.echo(f"{count} images of {opened.path}: {path}")


@app.command()
def interpolate(
    run: RunArgument = None,
    mode: Annotated[str, typer.Option(help="slerp, lerp or perturb.")] = "slerp",
    steps: Annotated[
        int | None, typer.Option(help="Frames; 10 by default, 21 for perturb.")
    ] = None,
    rows: Annotated[int, typer.Option(help="How many walks.")] = 8,
    seed: Seed = 0,
    weights: Weights = None,
    from_: Annotated[
        Path | None, typer.Option("--from", help="Picture to start from, if the model encodes.")
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Picture to end at.")] = None,
    shift: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIMS,START,STEP",
            help="perturb: move these dimensions, as in 0:8:2,-1,0.1; may be repeated.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help=".png, a row each, or .gif.")] = None,
) -> None:
    """Walk through the latents."""
    from genmodels import config, verbs

    chosen = _one_of("--mode", mode, "slerp", "lerp", "perturb")
    opened = verbs.load(run)
    path = out or opened.folder.samples / f"{mode}.png"
    verbs.check_walk(path)
    frames = verbs.interpolate(
        opened, chosen, steps=steps, rows=rows, seed=seed, weights=_weights(weights),
        start=from_, end=to, shifts=[config.shift(text) for text in shift or []],
    )  # fmt: skip
    verbs.save_walk(frames, path)
    typer.echo(f"{frames.shape[0]} walks of {frames.shape[1]} frames of {opened.path}: {path}")


@app.command()
def compare(
    subjects: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN|CONFIG]...",
            help="Runs, and configurations to train; by default the latest run of each.",
        ),
    ] = None,
    budget: Annotated[
        str | None, typer.Option(help="Train each configuration this long: 90s, 10m, 2h.")
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Train the configurations on this set or folder.")
    ] = None,
    data_root: Annotated[Path | None, typer.Option(help="Where data sets lie.")] = None,
    seeds: Annotated[int, typer.Option(help="Train each configuration so often.")] = 1,
    count: Annotated[int, typer.Option(help="Test images and samples, at most.")] = 10_000,
    features: Annotated[str, typer.Option(help="auto, domain, random, inception, PATH.")] = "auto",
    match: Annotated[
        str | None,
        typer.Option(help="seconds or images: give each as much as the first had."),
    ] = None,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("comparison"),
) -> None:
    """Compare models on the same data."""
    from genmodels import verbs
    from genmodels.report import terminal, verdicts

    comparison = verbs.compare(
        subjects or [], budget=budget, data=data, data_root=data_root, seeds=seeds, count=count,
        features=features, match=_one_of("--match", match, "seconds", "images"), seed=seed, out=out,
    )  # fmt: skip
    terminal.show(terminal.comparison_table(comparison))
    typer.echo(verdicts.summary(comparison))
    typer.echo(f"{out / 'report.html'}")


@app.command()
def datasets(
    data_root: Annotated[Path | None, typer.Option(help="Where data sets lie.")] = None,
) -> None:
    """List the data sets that have a name."""
    from genmodels import data
    from genmodels.report import terminal

    rows = [
        [
            s.name,
            "x".join(map(str, s.image_shape)),
            f"{s.train:,}",
            f"{s.test:,}",
            s.classes,
            s.note,
        ]
        for s in data.sets(data_root)
    ]
    terminal.show(terminal.table(["name", "image", "train", "test", "classes", ""], rows))
    typer.echo("Any folder of pictures is a data set too: --data ./pictures")


@app.command()
def models() -> None:
    """List the model families and their settings."""
    from genmodels import config, construct, yaml12
    from genmodels.report import terminal

    rows = [
        [name, what, "\n".join(f"{key}: {yaml12.inline(value)}" for key, value in settings.items())]
        for name, what, settings in construct.described(config.MODELS, config.GIVEN)
    ]
    terminal.show(terminal.table(["class", "", "settings and defaults"], rows))
    typer.echo("presets: " + ", ".join(config.presets()))


@app.command()
def runs() -> None:
    """List the runs under runs/, newest first."""
    from genmodels import runs as folders
    from genmodels.report import terminal

    rows = []
    for folder in folders.listed():
        last = (folder.log() or [{}])[-1]
        loss = [f"{k.split('.')[-2]} {v:.4g}" for k, v in last.items() if k.endswith(".loss")]
        where = [folder.environment["data"]["name"], last.get("epoch", "—"), last.get("step", "—")]
        rows.append([folder.path, folder.config_name, *where, "  ".join(loss)])
    if not rows:
        typer.echo("no runs under runs/; train one with: genmodels train --config vae.yaml")
        return
    terminal.show(terminal.table(["run", "config", "data", "epoch", "step", "loss"], rows))


@app.command()
def config(name: Annotated[str, typer.Argument(help="A preset's name, or a path.")]) -> None:
    """Print a configuration with all its defaults."""
    _print_config(name, [], {})


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a user's mistake is one line and exit code 2."""
    command = typer.main.get_command(app)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with command.make_context("genmodels", given or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except UsageError as error:
        _fail(f"{error.format_message().rstrip('.')}; see {error.ctx.command_path} --help", 2)
    except InputError as error:
        _fail(str(error), 2)
    except Interrupted as error:
        _fail(str(error), error.code)
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _fail(message: str, code: int) -> NoReturn:
    print(f"genmodels: {message}", file=sys.stderr)
    sys.exit(code)


def _print_config(name: str | None, assignments: list[Any], options: dict[str, Any]) -> None:
    if name is None:
        raise InputError("--dry-run needs --config, a preset such as vae.yaml or a path")
    from genmodels.config import overrides, read

    typer.echo(read(name, [*assignments, overrides(**options)]).yaml(), nl=False)


def _weights(given: str | None) -> Any:
    return _one_of("--weights", given, "average", "last")


def _one_of(option: str, given: str | None, *accepted: str) -> Any:
    if given is not None and given not in accepted:
        raise InputError(
            f"unknown {option} {given!r}{nearest(given, list(accepted))}; "
            f"use {' or '.join(accepted)}"
        )
    return given
