"""YAML and ``--set`` become typed settings; every problem is reported at once.

A preset states only what differs from the defaults below. Layers are merged key by key:
defaults, then the file, then the command line; a limit of a later layer (``epochs``,
``steps`` or ``budget``) replaces the limit of an earlier one.
"""

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from genmodels import construct
from genmodels.errors import InputError, nearest

MODELS = "genmodels.models"
GIVEN = ("image_shape", "num_classes")  # what a model learns from the data, once
LIMITS = ("epochs", "steps", "budget")
UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(text: Any) -> Any:
    """Read a duration: ``90s``, ``10m``, ``2h``, or a number of seconds."""
    if isinstance(text, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
        if not match:
            raise ValueError("a budget looks like 90s, 10m or 2h")
        return float(match[1]) * UNITS[match[2]]
    return text


def rows_of(text: str) -> str:
    """Check a slice of latent dimensions: ``start:stop`` or ``start:stop:step``."""
    if not isinstance(text, str) or not re.fullmatch(r"\d+:\d+(:[1-9]\d*)?", text):
        raise ValueError("dimensions are a slice such as 0:8:2")
    return text


Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """Settings that refuse unknown keys and convert nothing."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Data(Section):
    """Which images, and how they are split."""

    name: str = "glyphs"
    root: str | None = None
    offline: str | None = None
    validation: float = Field(0.1, ge=0, lt=1)  # share of the training images
    image_size: int | None = Field(None, ge=1)
    channels: Literal["auto", 1, 3] = "auto"
    fit: Literal["crop", "pad"] = "crop"


class Optimizer(Section):
    """How one module learns. Adam's values are those of Kingma & Ba (2015), algorithm 1."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(1e-3, gt=0)
    betas: Annotated[Sequence[float], Field(min_length=2, max_length=2)] = (0.9, 0.999)
    eps: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    momentum: float = Field(0.0, ge=0, lt=1)


class Schedule(Section):
    """The learning rate over time: linear warm-up, then cosine to zero (Loshchilov &
    Hutter, 2017, equation 5, one period), both in steps and independent of the limit."""

    warmup: int = Field(0, ge=0)
    steps: int | None = Field(None, ge=1)  # None: constant after the warm-up

    def factor(self, step: int) -> float:
        """What the learning rate is multiplied by at a step, counted from 0."""
        warm = min(1.0, (step + 1) / (self.warmup + 1))
        if self.steps is None:
            return warm
        return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))


class Train(Section):
    """The one trainer's settings; exactly one of ``epochs``, ``steps``, ``budget`` is the limit.

    The default limit and batch size are those of Lucic et al., Are GANs Created Equal? (2018).
    """

    batch_size: int = Field(64, ge=1)
    epochs: int | None = Field(None, ge=1)
    steps: int | None = Field(None, ge=1)
    budget: Annotated[Positive | None, BeforeValidator(seconds)] = None
    optimizer: Optimizer = Optimizer()
    optimizers: dict[str, Optimizer] = {}  # module → what differs for it
    schedule: Schedule = Schedule()
    average: float | None = Field(None, gt=0, lt=1)  # decay per step of the weight average
    clip: float | None = Field(None, gt=0)  # largest norm of a phase's gradient
    device: str = "auto"
    precision: str = "auto"
    save_every: Annotated[Positive, BeforeValidator(seconds)] = 60.0
    keep: int = Field(3, ge=1)  # resumable checkpoints
    tensorboard: bool = False  # also write TensorBoard's event files; an extra

    @model_validator(mode="after")
    def _one_limit(self) -> "Train":
        given = [name for name in LIMITS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of epochs, steps and budget, not {given}")
        return self


class Shift(Section):
    """One movement of a perturbation: a slice of latent dimensions, where it starts
    relative to the latent, and how far it moves with each frame."""

    dims: Annotated[str, BeforeValidator(rows_of)]
    start: float
    step: float

    @property
    def slice(self) -> slice:
        """The dimensions as a slice."""
        return slice(*(int(number) for number in self.dims.split(":")))


# REFERENCE: the perturbation test of the report's VAE.
SHIFTS = (Shift(dims="0:8:2", start=-1.0, step=0.1), Shift(dims="1:8:2", start=1.0, step=-0.1))


class Settings(Section):
    """Everything a run depends on."""

    seed: int = Field(0, ge=0)
    model: dict[str, Any]
    data: Data = Data()
    train: Train
    perturb: Sequence[Shift] = SHIFTS

    def differences(self, other: "Settings") -> list[str]:
        """The keys whose values change what is learnt, with both values, one a line.

        Left out: the limit, where it runs, where the data lie, and what is only kept.
        """
        mine, theirs = _flat(self.plain()), _flat(other.plain())
        free = {f"train.{name}" for name in (*LIMITS, "device", "save_every", "keep")}
        free |= {"train.tensorboard", "data.root"}
        return [
            f"{key}: {theirs.get(key)} there, {mine.get(key)} now"
            for key in dict.fromkeys([*theirs, *mine])
            if key not in free and mine.get(key) != theirs.get(key)
        ]

    def plain(self) -> dict[str, Any]:
        """As nested dictionaries and lists, ready to be written as YAML or JSON."""
        return self.model_dump(mode="json")

    def yaml(self) -> str:
        """As YAML, in the order of the sections above."""
        return yaml.safe_dump(self.plain(), sort_keys=False, allow_unicode=True)


def read(source: str | Path, overrides: Sequence[Mapping[str, Any]] = ()) -> Settings:
    """Read a configuration by path, or a preset by name, and lay overrides over it.

    Raises:
        InputError: no such file, or everything that is wrong in it, one problem a line.
    """
    path = find(source)
    return settings([_load(path), *overrides], str(path.name))


def settings(layers: Sequence[Mapping[str, Any]], origin: str) -> Settings:
    """Merge layers, later ones winning, and check the result.

    Raises:
        InputError: every problem, one a line, each with its path.
    """
    values: dict[str, Any] = {"train": {"epochs": 20}}
    for layer in layers:
        values = _merged(values, layer)
    _inherit_optimizer(values)
    model = values.get("model")
    found = construct.validation_problems(Settings, {**values, "model": {}})
    found += construct.problems(model, MODELS, "model", GIVEN)
    if found:
        raise InputError(
            f"{origin}: {found[0]}"
            if len(found) == 1
            else f"{origin} has {len(found)} problems:\n  " + "\n  ".join(found)
        )
    assert model is not None, "it has no problems"
    return Settings(**{**values, "model": construct.complete(model, MODELS, GIVEN)})


def inline(value: Any) -> str:
    """A value as it would be written in a configuration, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")


def find(source: str | Path) -> Path:
    """Find a configuration: a path, or the name of a preset with or without ``.yaml``.

    Raises:
        InputError: there is neither a file nor a preset of that name.
    """
    path = Path(source)
    if path.is_file():
        return path
    for folder in _preset_folders():
        for name in (str(source), f"{source}.yaml"):
            if (folder / name).is_file():
                return folder / name
    names = presets()
    raise InputError(
        f"no configuration {str(source)!r}{nearest(str(source), names)}; give a path or a preset: "
        + ", ".join(names)
    )


def presets() -> list[str]:
    """The names of all presets, such as ``vae.yaml`` and ``report/vae.yaml``."""
    names = {
        path.relative_to(folder).as_posix()
        for folder in _preset_folders()
        for path in folder.rglob("*.yaml")
    }
    return sorted(names, key=lambda name: (name.count("/"), name))


def overrides(
    data: str | None = None,
    data_root: str | Path | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    budget: str | float | None = None,
    device: str | None = None,
    precision: str | None = None,
) -> dict[str, Any]:
    """The layer that options lay over a configuration."""
    limits = {"epochs": epochs, "steps": steps, "budget": budget}
    trained = {**limits, "device": device, "precision": precision}
    layer: dict[str, Any] = {"train": {k: v for k, v in trained.items() if v is not None}}
    if seed is not None:
        layer["seed"] = seed
    layer["data"] = {}
    if data is not None:  # what to train on offline belongs to the configuration's own set
        layer["data"] = {"name": str(data), "offline": None}
    if data_root is not None:
        layer["data"]["root"] = str(data_root)
    return layer


def shift(text: str) -> Shift:
    """Read ``dims,start,step``, such as ``0:8:2,-1,0.1``.

    Raises:
        InputError: it is not of that form.
    """
    dims, *numbers = text.split(",")
    try:
        start, step = (float(number) for number in numbers)
        return Shift(dims=dims, start=start, step=step)
    except ValueError:
        raise InputError(
            f"--shift {text!r} is no movement; write it as DIMS,START,STEP: 0:8:2,-1,0.1"
        ) from None


def assignment(text: str) -> dict[str, Any]:
    """Read ``a.b=value``, the value as YAML, into nested dictionaries.

    Raises:
        InputError: there is no ``=`` or no key, or the value is no YAML.
    """
    path, separator, value = text.partition("=")
    keys = path.strip().split(".")
    if not separator or not all(keys):
        raise InputError(f"--set {text!r} is no assignment; write it as train.batch_size=128")
    nested: Any = _parse(value, f"--set {path}")
    for key in reversed(keys):
        nested = {key: nested}
    return nested


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        inner = isinstance(value, Mapping) and value
        flat |= _flat(value, f"{prefix}{key}.") if inner else {prefix + key: value}
    return flat


def _preset_folders() -> list[Path]:
    """In a wheel the presets lie in the package, in a checkout beside ``src``."""
    package = Path(__file__).parent
    folders = [package / "configs", package.parents[1] / "configs"]
    return [folder for folder in folders if folder.is_dir()]


def _inherit_optimizer(values: dict[str, Any]) -> None:
    """A module's optimizer states what differs from ``train.optimizer``."""
    train = values.get("train")
    if isinstance(train, dict) and isinstance(train.get("optimizers"), dict):
        common = train.get("optimizer", {})
        train["optimizers"] = {
            name: {**common, **own} if isinstance(own, dict) else own
            for name, own in train["optimizers"].items()
        }


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, section by section."""
    if any(name in over for name in LIMITS):
        base = {key: value for key, value in base.items() if key not in LIMITS}
    changed_class = "class" in over and over["class"] != base.get("class")
    result = {} if changed_class and "class" in base else dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merged(result[key], value) if both else value
    return result


def _load(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a text file: {error}") from None
    values = _parse(text, path.name)
    if not isinstance(values, dict):
        raise InputError(f"{path.name} holds no settings; it starts with a key such as 'model:'")
    return values


def _parse(text: str, origin: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506: derived from SafeLoader
    except yaml.YAMLError as error:
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{origin}{line} is not valid YAML: {reason}") from None


class _Loader(yaml.SafeLoader):
    """Safe YAML with the numbers and booleans of YAML 1.2, without duplicates and aliases."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(
                None, None, "aliases (*name) are not accepted; write the value out", mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is not a word", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is given twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


# YAML 1.1 reads 1e-3 as text, `no` as false, 1:30 as ninety and 2024-01-01 as a date.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in [
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
]:
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))
