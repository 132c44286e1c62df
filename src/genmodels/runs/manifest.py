"""Schemas of a run's files. They are not trusted, because others may have written them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from genmodels import config
from genmodels.errors import InputError

NonNegative = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1)]


def _inside(name: str) -> str:
    """Check that a configuration's name, which becomes part of paths, stays inside a folder."""
    if "\\" in name or {"", ".."} & set(name.split("/")) or not name.isprintable():
        raise ValueError("is no name")
    return name


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_inside)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")  # newer versions may have more keys


class SavedProgress(_Part):
    """The progress of a training."""

    step: NonNegative
    images: NonNegative
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    sums: dict[str, float]
    counts: dict[str, int]


class Header(_Part):
    """The header of a checkpoint or a snapshot."""

    run: Name
    config: dict[str, Any]
    image_shape: Annotated[list[Size], Field(min_length=3, max_length=3)]
    class_shares: list[Annotated[float, Field(ge=0, le=1)]] = []  # none before format 3
    fingerprint: str
    progress: SavedProgress


class _Data(_Part):
    name: str
    fingerprint: str
    classes: list[str] = []


class Environment(_Part):
    """The content of ``environment.json``."""

    config: Name
    started: str
    data: _Data


Kind = TypeVar("Kind", bound=_Part)


def check(kind: type[Kind], content: Any, path: Path) -> None:
    """Check the content of a file.

    Args:
        kind: its schema.
        content: the parsed JSON.
        path: of the file.

    Raises:
        InputError: a key is missing or has a wrong type, or this version does not accept the
            configuration.
    """
    try:
        kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "its content"
        raise InputError(
            f"{path} does not describe a run of genmodels: {where}: {first['msg']}"
        ) from None
    if isinstance(content, Mapping) and kind is Header:
        # Nobody edits a header, so former names of settings are no news there.
        config.resolve([content["config"]], f"the configuration in {path}", former_notes=False)
