"""Options shared by several commands."""

import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from genmodels.errors import InputError


def _number(given: str | int) -> int:
    """Parse an integer, with the same message in every version of typer.

    Raises:
        BadParameter: it is none, or below 0.
    """
    try:
        number = int(given)
    except ValueError:
        number = -1
    if number < 0:
        raise typer.BadParameter(f"{given!r} must be an integer >= 0")
    return number


# Declares an option that takes an integer of 0 or more.
integer = partial(typer.Option, parser=_number, metavar="INTEGER")

RunArgument = Annotated[
    str | None, typer.Argument(metavar="[RUN]", help="A run's folder; the latest by default.")
]
Weights = Annotated[
    str | None,
    typer.Option(
        help="Which weights to use: average or last. Default: average where there is one.",
        metavar="WEIGHTS",
    ),
]
Seed = Annotated[
    int, integer(help="Seed of the latents, an integer. Default: 0.", show_default=False)
]
Data = Annotated[
    str | None,
    typer.Option(
        help="Data to train on: a data set's name, or a folder. Default: the configuration's."
    ),
]
DataRoot = Annotated[Path | None, typer.Option(help="Folder in which data sets lie.")]
OnBad = Annotated[
    str | None,
    typer.Option(
        help="For pictures that cannot be read: error or skip. Default: the configuration's."
    ),
]
OnNan = Annotated[
    str | None,
    typer.Option(
        help="When a loss is not finite: stop, or rollback (go on from the last checkpoint at "
        "half the learning rates). Default: the configuration's, stop."
    ),
]
Given = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="K=V", help="Set any key, as in train.batch_size=128; may be repeated."
    ),
]
Changed = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="K=V", help="Change the model, as in model.steps=50; may be repeated."
    ),
]
TrustCode = Annotated[
    bool,
    typer.Option(
        "--trust-code", help="Execute the Python module that a run brings. Default: refuse."
    ),
]
Epochs = Annotated[
    int | None, integer(help="Train this many epochs in all. Default: the configuration's.")
]
Steps = Annotated[
    int | None, integer(help="Train this many steps in all. Default: the configuration's.")
]
Budget = Annotated[
    str | None,
    typer.Option(help="Train this long in all: 90s, 10m or 2h. Default: the configuration's."),
]
Device = Annotated[
    str | None,
    typer.Option(
        help="Where to train: auto, cpu, cuda, cuda:1 or mps. Default: the configuration's."
    ),
]
Precision = Annotated[
    str | None,
    typer.Option(
        help="Numbers to train with: auto, fp32, bf16 or fp16. Default: the configuration's."
    ),
]


def next_command(*words: Any, err: bool = False) -> None:
    """Print the one command that a user would want next.

    Args:
        words: of the command, without ``genmodels``.
        err: print to standard error, because standard output is itself the result.
    """
    typer.echo(f"next: {shlex.join(['genmodels', *map(str, words)])}", err=err)


def one_limit(*limits: Any) -> None:
    """Refuse several limits."""
    if limits.count(None) < len(limits) - 1:
        raise InputError("give one of --epochs, --steps and --budget, not several")


def assignments(given: list[str] | None) -> list[Mapping[str, Any]]:
    """Read what ``--set`` was given."""
    from genmodels.config import assignment

    return [assignment(text) for text in given or []]


def changes(given: list[str] | None) -> dict[str, Any]:
    """Read what ``--set`` changes of a model that is trained already.

    Raises:
        InputError: it is about anything but the model.
    """
    found: dict[str, Any] = {}
    for assignment in assignments(given):
        if set(assignment) != {"model"} or not isinstance(assignment["model"], Mapping):
            raise InputError(
                f"--set {next(iter(assignment))}: a trained run takes changes of its model alone, "
                "such as model.steps=50"
            )
        found |= assignment["model"]
    return found
