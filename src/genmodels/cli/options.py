"""Options shared by several commands, and the functions that read them."""

import shlex
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer

from genmodels.errors import InputError


def _number(given: str | int) -> int:
    """Parse an integer ≥ 0, with the same message in every version of typer.

    Raises:
        BadParameter: the text is not one.
    """
    try:
        number = int(given)
    except ValueError:
        number = -1
    if number < 0:
        raise typer.BadParameter(f"{given!r} must be an integer >= 0")
    return number


# An option that takes an integer ≥ 0.
integer = partial(typer.Option, parser=_number, metavar="INTEGER")

RunArgument = Annotated[
    str | None, typer.Argument(metavar="RUN", help="A run's folder; the latest by default.")
]
WeightsOption = Annotated[
    str | None,
    typer.Option(
        help="Which weights to use: ema or last. Default: ema if the run has EMA weights.",
        metavar="WEIGHTS",
    ),
]
SEED = "Seed of the latents, an integer. Default: 0."
Seed = Annotated[int, integer(help=SEED, show_default=False)]
Given = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="K=V",
        help="Set any key, as in train.batch_size=128; may be repeated. Default: none.",
    ),
]
Changed = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="K=V",
        help="Change the model, as in model.steps=50; may be repeated. Default: none.",
    ),
]
TrustCode = Annotated[
    bool,
    typer.Option("--trust-code", help="Execute Python modules in a run's folder. Default: refuse."),
]


def next_command(*words: Any, err: bool = False) -> None:
    """Print the command that a user is likely to need next.

    Args:
        words: of the command, without ``genmodels``.
        err: whether to print to standard error, if standard output is the result.
    """
    typer.echo(f"next: {shlex.join(['genmodels', *map(str, words)])}", err=err)


def assignments(given: list[str] | None) -> list[Mapping[str, Any]]:
    """Parse the values of ``--set``."""
    from genmodels.config import assignment

    return [assignment(text) for text in given or []]


def changes(given: list[str] | None) -> dict[str, Any]:
    """Parse the values of ``--set`` for a trained model.

    Raises:
        InputError: a key is not of the model.
    """
    found: dict[str, Any] = {}
    for assignment in assignments(given):
        if set(assignment) != {"model"} or not isinstance(assignment["model"], Mapping):
            raise InputError(
                f"--set {next(iter(assignment))}: only settings of the model can be changed after "
                "training, such as model.steps=50"
            )
        found |= assignment["model"]
    return found
