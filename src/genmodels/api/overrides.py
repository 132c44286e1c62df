"""The keywords of `train`, `compare` and `config` that override a configuration.

Each is one row of :class:`Overrides`. The help of the command line is made of these rows, so this
module imports no heavy library.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict, get_args, get_type_hints

from genmodels.errors import nearest


@dataclass(frozen=True)
class Override:
    """The meaning of a keyword of :class:`Overrides`.

    Attributes:
        key: the dotted key of the configuration that it replaces.
        help: one sentence for the help.
        metavar: the value in the help of the command line; integers need none.
        clears: a key that it sets to null; none by default.
        least: the smallest integer, for integers.
        kinds: the kinds of data that it is for, of :data:`genmodels.data.Kind`; all by default.
    """

    key: str
    help: str
    metavar: str = ""
    clears: str = ""
    least: int = 1
    kinds: Sequence[str] = ()


class Overrides(TypedDict, total=False):
    """Overrides of a configuration; None leaves a key unchanged.

    A row is a keyword, its types and its :class:`Override`. The command line reads an option as
    the first of the types; a ``Literal`` is read as text there, and checked with the
    configuration. A limit (``epochs``, ``steps`` or ``budget``) replaces any other limit.
    """

    data: Annotated[
        str | Path | None,
        Override(
            "data.name",
            "Data to train on: a data set's name, or a folder.",
            "NAME|FOLDER",
            clears="data.offline",  # the replacement is of the configuration's data set
        ),
    ]
    data_root: Annotated[
        Path | str | None,
        Override(
            "data.root",
            "Folder of the data sets.",
            "FOLDER",
            clears="data.offline",  # what is given is used, or an error
            kinds=("named",),
        ),
    ]
    on_bad: Annotated[
        Literal["error", "skip"] | None,
        Override(
            "data.on_bad",
            "For pictures that cannot be read: error or skip.",
            "WHAT",
            kinds=("folder",),
        ),
    ]
    seed: Annotated[int | None, Override("seed", "Random seed.", least=0)]
    epochs: Annotated[int | None, Override("train.epochs", "Total number of epochs.")]
    steps: Annotated[int | None, Override("train.steps", "Total number of steps.")]
    budget: Annotated[
        str | float | None,
        Override("train.budget", "Total training time: 90s, 10m or 2h.", "TIME"),
    ]
    device: Annotated[
        str | None,
        Override("train.device", "Where to train: auto, cpu, cuda, cuda:1 or mps.", "DEVICE"),
    ]
    threads: Annotated[
        int | None, Override("train.threads", "CPU threads to train with, at most one per core.")
    ]
    precision: Annotated[
        Literal["auto", "fp32", "bf16", "fp16"] | None,
        Override("train.precision", "Number format: auto, fp32, bf16 or fp16.", "FORMAT"),
    ]
    on_nan: Annotated[
        Literal["stop", "rollback"] | None,
        Override(
            "train.on_nan",
            "When a loss is not finite: stop, or rollback (continue from the last checkpoint "
            "with half the learning rates).",
            "WHAT",
        ),
    ]


@dataclass(frozen=True)
class Row:
    """A keyword's :class:`Override`, and the first of its types."""

    kind: Any
    override: Override


def rows() -> dict[str, Row]:
    """Return the rows of :class:`Overrides` by their keywords, in their order."""
    hints = get_type_hints(Overrides, include_extras=True)
    pairs = {name: get_args(hint) for name, hint in hints.items()}
    return {name: Row(get_args(kinds)[0], row) for name, (kinds, row) in pairs.items()}


def layer(given: Mapping[str, object]) -> dict[str, Any]:
    """Return keywords as a layer over a configuration. None leaves a key unchanged.

    Raises:
        TypeError: a keyword has no row in :class:`Overrides`.
    """
    table = rows()
    if unknown := given.keys() - table.keys():
        name = min(unknown)
        near = nearest(name, list(table))
        raise TypeError(f"no such keyword: {name!r}{near}; use {', '.join(table)}")
    made: dict[str, Any] = {}
    for name, value in given.items():
        if value is not None:
            override = table[name].override
            _put(made, override.key, str(value) if isinstance(value, Path) else value)
            if override.clears:
                _put(made, override.clears, None)
    return made


def _put(nested: dict[str, Any], key: str, value: object) -> None:
    """Set a key with dots in nested dictionaries."""
    *sections, last = key.split(".")
    for section in sections:
        nested = nested.setdefault(section, {})
    nested[last] = value
