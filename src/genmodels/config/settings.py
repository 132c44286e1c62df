"""The settings of a run as typed sections: all keys, their defaults and their sources.

:mod:`genmodels.config` fills them from YAML and options.
"""

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from genmodels.config import yaml12

LIMITS = ("epochs", "steps", "budget")
UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(text: Any) -> Any:
    """Parse a duration: ``90s``, ``10m``, ``2h``, or a number of seconds."""
    if isinstance(text, str):
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
        if not match:
            raise ValueError("a budget looks like 90s, 10m or 2h")
        return float(match[1]) * UNITS[match[2]]
    return text


def rows_of(text: str) -> str:
    """Check a slice of latent dimensions, ``start:stop:step`` as in Python."""
    if not isinstance(text, str) or not re.fullmatch(r"\d*:\d*(:[1-9]\d*)?", text):
        raise ValueError("dimensions are a slice such as 0:8:2")
    return text


def tuple_of(values: Any) -> Any:
    """Convert a list, which YAML has, to a tuple, which is immutable."""
    return tuple(values) if isinstance(values, list) else values


Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A section of settings. Unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Augment(Section):
    """Random augmentations of training images; none by default."""

    flip: bool = False  # mirror left and right
    shift: int = Field(0, ge=0)  # pixels
    crop: float = Field(0.0, ge=0, lt=1)  # largest share of a side that is cut off


class Data(Section):
    """The images, and how they are split."""

    name: str = "glyphs"
    root: str | None = None
    offline: str | None = None
    validation: float = Field(0.1, ge=0, lt=1)  # share of the training images
    image_size: int | None = Field(None, ge=1)
    channels: Literal["auto", 1, 3] = "auto"
    fit: Literal["crop", "pad"] = "crop"
    on_bad: Literal["error", "skip"] = "error"  # for unreadable pictures of a folder
    placement: Literal["auto", "resident", "mapped"] = "auto"  # of the images while training
    augment: Augment = Augment()


class Optimizer(Section):
    """The optimiser of a module. Adam's defaults are those of Kingma & Ba (2015), algorithm 1."""

    name: Literal["adam", "adamw", "sgd"] = "adam"
    lr: float = Field(1e-3, gt=0)
    betas: Annotated[tuple[float, float], BeforeValidator(tuple_of)] = (0.9, 0.999)
    eps: float = Field(1e-8, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    momentum: float = Field(0.0, ge=0, lt=1)


class Schedule(Section):
    """The learning rate over time: a linear warm-up, then one cosine period to zero.

    Loshchilov & Hutter (2017), equation 5. Both are in steps and do not depend on the limit.
    """

    warmup: int = Field(0, ge=0)
    steps: int | None = Field(None, ge=1)  # until 0; None: constant after the warm-up

    def factor(self, step: int) -> float:
        """Return the factor of the learning rate at a step, counted from 0."""
        warm = min(1.0, (step + 1) / (self.warmup + 1))
        if self.steps is None:
            return warm
        return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / self.steps)))


class Train(Section):
    """The settings of the trainer.

    Exactly one of ``epochs``, ``steps`` and ``budget`` is the limit. The default limit and batch
    size are those of Lucic et al., Are GANs Created Equal? (2018).
    """

    batch_size: int = Field(64, ge=1)
    epochs: int | None = Field(None, ge=1)
    steps: int | None = Field(None, ge=1)
    budget: Annotated[Positive | None, BeforeValidator(seconds)] = None
    optimizer: Optimizer = Optimizer()
    optimizers: dict[str, Optimizer] = {}  # module → settings that differ from ``optimizer``
    schedule: Schedule = Schedule()
    average: float | None = Field(None, gt=0, lt=1)  # EMA of the weights: decay per step
    clip: float | None = Field(None, gt=0)  # largest norm of the gradient of a phase
    device: str = "auto"
    precision: str = "auto"
    execution: Literal["auto", "eager", "compiled", "captured"] = "auto"  # of training steps
    save_every: Annotated[Positive, BeforeValidator(seconds)] = 60.0
    keep: int = Field(3, ge=1)  # number of resumable checkpoints
    on_nan: Literal["stop", "rollback"] = "stop"  # rollback: last checkpoint, half learning rates
    tensorboard: bool = False  # also write TensorBoard event files; needs an extra

    @model_validator(mode="after")
    def _one_limit(self) -> "Train":
        given = [name for name in LIMITS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of epochs, steps and budget, not {given}")
        return self


class Shift(Section):
    """One movement of a perturbation, in a slice of latent dimensions.

    The first frame adds ``start`` to those dimensions. Each further frame adds ``step`` more.
    """

    dims: Annotated[str, BeforeValidator(rows_of)]
    start: float
    step: float

    @property
    def slice(self) -> slice:
        """The dimensions as a slice."""
        return slice(*(int(number) if number else None for number in self.dims.split(":")))


# REFERENCE: the perturbation test of the report's VAE.
SHIFTS = (Shift(dims="0:8:2", start=-1.0, step=0.1), Shift(dims="1:8:2", start=1.0, step=-0.1))


class Settings(Section):
    """All settings of a run."""

    seed: int = Field(0, ge=0)
    model: dict[str, Any]
    data: Data = Data()
    train: Train
    perturb: Annotated[tuple[Shift, ...], BeforeValidator(tuple_of)] = SHIFTS

    def __repr__(self) -> str:
        limit = next(f"{name} {value}" for name in LIMITS if (value := getattr(self.train, name)))
        kind = self.model.get("class")
        return f"<Settings: {kind} on {self.data.name}, {limit}, seed {self.seed}>"

    def differences(self, other: "Settings") -> list[str]:
        """List the keys that change the trained model and differ, with both values, one a line.

        Not compared are the limit, the device, the location of the data, and the settings of
        saving and logging.
        """
        mine, theirs = _flat(self.plain()), _flat(other.plain())
        ignored = {f"train.{name}" for name in (*LIMITS, "device", "save_every", "keep")}
        ignored |= {"train.tensorboard", "train.on_nan"}
        ignored |= {"data.root", "data.placement", "data.on_bad"}
        return [
            f"{key}: {theirs.get(key)} there, {mine.get(key)} now"
            for key in dict.fromkeys([*theirs, *mine])
            if key not in ignored and mine.get(key) != theirs.get(key)
        ]

    def plain(self) -> dict[str, Any]:
        """Return the settings as nested dictionaries and lists, for YAML or JSON."""
        return self.model_dump(mode="json")

    def yaml(self) -> str:
        """Return the settings as YAML, in the order of the sections."""
        return yaml12.dump(self.plain())


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        inner = isinstance(value, Mapping) and value
        flat |= _flat(value, f"{prefix}{key}.") if inner else {prefix + key: value}
    return flat
