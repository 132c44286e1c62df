"""The options that replace keys of a configuration: ``--set``, and one for each override."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter
from pathlib import Path
from typing import Annotated, Any

import typer

from genmodels.api import overrides
from genmodels.cli import options

CHANGES = "changes"  # the parameter that the options replace


class Changes(overrides.Overrides, total=False):
    """The options that the user gave: the overrides, and the values of ``--set``, ``settings``."""

    settings: list[Mapping[str, Any]]


def with_overrides(**helps: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Replace a command's keyword ``changes`` by one option for each of its keys.

    Args:
        helps: override → its help in this command, if that differs from the table's.
    """

    def replaced(command: Callable[..., None]) -> Callable[..., None]:
        names = list(overrides.rows())

        @wraps(command)
        def run(**given: Any) -> None:
            changes = {name: given.pop(name) for name in names}
            changes["settings"] = options.assignments(given.pop("set_"))
            command(**given, changes=changes)

        parameters: list[Parameter] = []
        for parameter in inspect.signature(command).parameters.values():
            parameters += _parameters(helps) if parameter.name == CHANGES else [parameter]
        # Typer takes the order from the signature, and the types from the annotations.
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {each.name: each.annotation for each in parameters}
        return run

    return replaced


def _parameters(helps: Mapping[str, str]) -> list[Parameter]:
    kinds = {name: _option(row, helps.get(name)) for name, row in overrides.rows().items()}
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in {**kinds, "set_": options.Given}.items()
    ]


def _option(row: overrides.Row, text: str | None) -> Any:
    """Return the annotation by which typer knows an option."""
    text = text or f"{row.override.help} Default: the configuration's."
    kind = row.kind if isinstance(row.kind, type) else str
    if kind is int:
        return Annotated[int | None, options.integer(help=text)]
    if kind is Path:
        return Annotated[Path | None, options.path(metavar=row.override.metavar, help=text)]
    return Annotated[kind | None, typer.Option(metavar=row.override.metavar, help=text)]
