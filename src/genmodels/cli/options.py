"""Options shared by several commands, and the functions that read them."""

import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genmodels.errors import InputError, brief

if TYPE_CHECKING:
    from genmodels import Run


def _number(given: str | int) -> int:
    """Parse an integer, with the same message in every version of typer.

    The functions of ``genmodels.api`` check whether it is large enough.

    Raises:
        BadParameter: the text is not one.
    """
    try:
        return int(given)
    except ValueError:
        raise typer.BadParameter(f"{brief(given)} must be an integer") from None


# An option that takes an integer.
integer = partial(typer.Option, parser=_number, metavar="INTEGER")


def _path(given: str | Path) -> Path:
    """Parse a path; an empty text is none, although pathlib takes it as the current folder.

    Raises:
        BadParameter: the text is empty.
    """
    if given == "":
        raise typer.BadParameter("'' is no path; give a path")
    return Path(given)


# An option that takes a path.
path = partial(typer.Option, parser=_path)

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
DeviceOption = Annotated[
    str,
    typer.Option(
        help="Where to compute: auto, cpu, cuda, cuda:1 or mps. Default: auto.",
        metavar="DEVICE",
        show_default=False,
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
CHANGE = "model.steps=50"  # the example of a setting that can be changed after training
Changed = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="K=V",
        help=f"Change a setting that the weights do not depend on, as in {CHANGE}; may be "
        "repeated. Default: none.",
    ),
]
TrustCode = Annotated[
    bool,
    typer.Option("--trust-code", help="Execute Python modules in a run's folder. Default: refuse."),
]


def class_taken(run: "Run", label: str | None) -> str:
    """Return words for the class that was asked for, such as ``, class 1 (square)``; else none."""
    from genmodels.data import class_names

    if label is None or label == class_names.EACH:
        return ""
    return f", {class_names.described(label, run.folder.classes)}"


def next_command(*words: Any, err: bool = False) -> None:
    """Print the command that a user is likely to need next.

    Args:
        words: of the command, without ``genmodels``.
        err: whether to print to standard error, if standard output is the result.
    """
    typer.echo(f"next: {shlex.join(['genmodels', *map(str, words)])}", err=err)


def assignments(
    given: list[str] | None, example: str = "train.batch_size=128"
) -> list[Mapping[str, Any]]:
    """Parse the values of ``--set``; the example is for messages."""
    from genmodels.config import assignment

    return [assignment(text, example) for text in given or []]


def changes(given: list[str] | None) -> dict[str, Any]:
    """Parse the values of ``--set`` for a trained model.

    Raises:
        InputError: a key is not of the model.
    """
    found: dict[str, Any] = {}
    for text, assignment in zip(given or [], assignments(given, CHANGE), strict=True):
        if set(assignment) != {"model"} or not isinstance(assignment["model"], Mapping):
            raise InputError(
                f"--set {text}: only settings of the model can be changed after "
                f"training, such as {CHANGE}"
            )
        found |= assignment["model"]
    return found
