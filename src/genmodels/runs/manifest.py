"""What a run's files say of themselves, checked as if a stranger had written them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from genmodels import config
from genmodels.errors import InputError

Whole = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1)]


def _inside(name: str) -> str:
    """The name of a configuration becomes part of file names: none leads out of a folder."""
    if "\\" in name or {"", ".."} & set(name.split("/")) or not name.isprintable():
        raise ValueError("is no name")
    return name


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_inside)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")  # newer versions may say more


class SavedProgress(_Part):
    """How far a training is."""

    step: Whole
    images: Whole
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    sums: dict[str, float]
    counts: dict[str, int]


class Header(_Part):
    """Of a checkpoint or a snapshot."""

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
    """Of ``environment.json``."""

    config: Name
    started: str
    data: _Data


Kind = TypeVar("Kind", bound=_Part)


def check(kind: type[Kind], content: Any, path: Path) -> None:
    """Refuse what does not say what every run says.

    Args:
        kind: what it should be.
        content: as it was read.
        path: where it was read.

    Raises:
        InputError: something is missing or of the wrong kind, or its configuration is not one
            that this version accepts.
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
