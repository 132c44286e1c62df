"""Schemas of a run's files. They are not trusted, because others may have written them.

A file may have more keys than its schema, as newer versions write them.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic does not take that of Python 3.11

from genmodels import config
from genmodels.config import validation
from genmodels.config.number_types import Count, Json
from genmodels.config.settings import Settings
from genmodels.errors import InputError, brief

# Of the log: ``epoch``, ``step``, ``images``, ``seconds``, then losses or shares of copies.
Record = dict[str, float]

NonNegative = Annotated[int, Field(ge=0)]


def _inside(name: str) -> str:
    """Check that a configuration's name, which becomes part of paths, stays inside a folder."""
    if "\\" in name or {"", ".."} & set(name.split("/")) or not name.isprintable():
        raise ValueError("is no name")
    return name


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_inside)]


def check_name(name: str) -> str:
    """Check the name of a configuration, before a run is recorded under it.

    Raises:
        InputError: it is too long, or has characters that a name may not have.
    """
    try:
        return TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise InputError(
            f"the name {brief(name)} of a configuration must be 1 to 200 printable characters "
            "without a backslash; rename the file"
        ) from None


Mode = Literal["eager", "compiled"]  # how the gradients of a phase are computed


class SavedProgress(TypedDict):
    """The progress of a training.

    Attributes:
        step, images: since the start of the run.
        seconds: of training steps only.
        sums, counts: of each term in the running epoch.
        recorded: the last step that is in the log.
        rollbacks: how often the run went back to a checkpoint.
        flops_per_image: floating-point operations of training for an image.
        flops: of one execution of each phase.
        modes: how each phase runs, once it is decided.
        rates: the learning rate of each module, before schedule and rollbacks.
        peak_memory_mib: of the device; None where it is not known.
    """

    step: NonNegative
    images: NonNegative
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    sums: dict[str, float]
    counts: dict[str, int]
    recorded: NotRequired[NonNegative]
    rollbacks: NotRequired[NonNegative]
    flops_per_image: NotRequired[float]
    flops: NotRequired[dict[str, int]]
    modes: NotRequired[dict[str, Mode]]
    rates: NotRequired[dict[str, float]]
    peak_memory_mib: NotRequired[float | None]


class Header(TypedDict):
    """The header of a checkpoint or a snapshot."""

    run: Name
    started: NotRequired[str]
    config: dict[str, Json]
    image_shape: Annotated[list[Count], Field(min_length=3, max_length=3)]
    class_shares: NotRequired[list[Annotated[float, Field(ge=0, le=1)]]]  # none before format 3
    fingerprint: str
    progress: SavedProgress
    versions: NotRequired[dict[str, str]]
    saved: NotRequired[str]


class DataRecord(TypedDict):
    """The images that a run was trained on."""

    name: str
    fingerprint: str
    image_shape: NotRequired[list[int]]
    classes: NotRequired[list[str]]
    counts: NotRequired[dict[str, int]]
    notes: NotRequired[list[str]]


class Environment(TypedDict):
    """The content of ``environment.json``.

    Attributes:
        threads: PyTorch's CPU threads at the start.
        later_threads: their other numbers after the run was resumed, in this order.
        jobs: how many trainings of its study ran at a time at the start.
        later_jobs: their other numbers after the run was resumed, in this order.
    """

    config: Name
    started: str
    command: NotRequired[list[str]]
    versions: NotRequired[dict[str, str]]
    platform: NotRequired[str]
    device: NotRequired[str]
    precision: NotRequired[str]
    threads: NotRequired[Count]
    later_threads: NotRequired[list[Count]]
    jobs: NotRequired[Count]
    later_jobs: NotRequired[list[Count]]
    reasons: NotRequired[list[str]]
    data: DataRecord


Kind = TypeVar("Kind")


def check(kind: type[Kind], content: Any, path: Path) -> Kind:
    """Check the content of a file, and return it.

    Args:
        kind: its schema.
        content: the parsed JSON.
        path: of the file.

    Raises:
        InputError: a key is missing or has a wrong type, or this version does not accept the
            configuration.
    """
    try:
        TypeAdapter(kind).validate_python(content, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "its content"
        raise InputError(
            f"{path} does not describe a run of genmodels: {where}: {validation.described([first])}"
        ) from None
    if kind is Header:
        # Nobody edits a header, so former names of settings are no news there.
        config.resolve([content["config"]], f"the configuration in {path}", former_notes=False)
    return content


def differences(header: Header, settings: Settings, environment: Environment) -> list[str]:
    """List what differs between a checkpoint and the files of a run; nothing if it is of that run.

    Each is a key with both values. Headers of earlier versions lack some keys.
    """
    saved = config.resolve([header["config"]], "the header", former_notes=False)
    pairs = (
        ("configuration", header["run"], environment["config"]),
        ("started", header.get("started"), environment["started"]),
        ("fingerprint", header["fingerprint"], environment["data"]["fingerprint"]),
    )
    return settings.differences(saved) + [
        f"{key}: {there} there, {now} now" for key, there, now in pairs if there not in (None, now)
    ]


def is_record(content: object) -> bool:
    """Return whether a line of the log maps names to numbers, one of them ``step``."""
    if not isinstance(content, dict) or type(content.get("step")) is not int:
        return False
    return all(isinstance(value, int | float) for value in content.values())
