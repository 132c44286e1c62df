"""The settings of a run as typed sections: all keys, their defaults and their sources.

:mod:`genmodels.config` fills them from YAML and options. The comments that begin with ``#:``
are the meanings that the documentation shows.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from genmodels.config import yaml12
from genmodels.config.data_settings import Data
from genmodels.config.number_types import Count, Json, NonNegative, Positive, Share, Weight
from genmodels.config.section import Adjustable, Section, is_adjustable

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
    if not isinstance(text, str) or not re.fullmatch(
        r"[0-9]{0,9}:[0-9]{0,9}(:[1-9][0-9]{0,8})?", text
    ):
        raise ValueError("dimensions are a slice such as 0:8:2")
    return text


def tuple_of(values: Any) -> Any:
    """Convert a list, which YAML has, to a tuple, which is immutable."""
    return tuple(values) if isinstance(values, list) else values


class Optimizer(Section):
    """The optimiser of a module. Adam's defaults are those of Kingma & Ba (2015), algorithm 1."""

    #: The algorithm.
    name: Literal["adam", "adamw", "sgd"] = "adam"
    #: The learning rate.
    lr: Positive = 1e-3
    #: Decay of Adam's two moments, per step.
    betas: Annotated[tuple[Share, Share], BeforeValidator(tuple_of)] = (0.9, 0.999)
    #: Added to the denominator of Adam's update.
    eps: Positive = 1e-8
    #: Weight decay.
    weight_decay: Weight = 0.0
    #: Momentum of ``sgd``.
    momentum: Share = 0.0


class Schedule(Section):
    """The learning rate over time: a linear warm-up, then one cosine period to zero.

    Loshchilov & Hutter (2017), equation 5. Both are in steps and do not depend on the limit.
    """

    #: Steps in which the learning rate rises linearly to its value.
    warmup: NonNegative = 0
    #: Steps until the cosine reaches zero. Default: the rate stays constant after the warm-up.
    steps: Count | None = None


class Train(Section):
    """The settings of the trainer.

    Exactly one of ``epochs``, ``steps`` and ``budget`` is the limit. The default limit and batch
    size are those of Lucic et al., Are GANs Created Equal? (2018).
    """

    #: Images in a step, over all processes. An incomplete last batch of an epoch is dropped.
    batch_size: Count = 64
    #: The limit in epochs, in all. Without any limit: 20 epochs.
    epochs: Adjustable[Count | None] = None
    #: The limit in steps, in all.
    steps: Adjustable[Count | None] = None
    #: The limit in time, in all: ``90s``, ``10m`` or ``2h``. Training steps alone are counted; a
    #: density that is fitted after the last step takes its time on top.
    budget: Adjustable[Annotated[Positive | None, BeforeValidator(seconds)]] = None
    #: The optimiser of every module.
    optimizer: Optimizer = Optimizer()
    #: Module, such as ``generator`` → the settings of its optimiser that differ.
    optimizers: dict[str, Optimizer] = Field({})
    #: The learning rate over time. It never depends on the limit.
    schedule: Schedule = Schedule()
    #: Decay per step of an exponential moving average (EMA) of the weights. Default: no EMA.
    ema: float | None = Field(None, gt=0, lt=1)
    #: The largest norm of the gradient of a phase. Default: no clipping.
    clip: Positive | None = None
    #: Where to train: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
    device: Adjustable[str] = "auto"
    #: CPU threads of each process, at most as many as there are cores. Default: the choice of
    #: PyTorch, which is ``OMP_NUM_THREADS`` if that is set, else one for each core.
    threads: Adjustable[Count | None] = None
    #: Number format of training: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
    precision: str = "auto"
    #: How steps run. ``auto`` takes ``captured`` steps, CUDA graphs, on a GPU. On a CPU it takes
    #: ``compiled`` ones if the training is long enough to win their compiling back and they are
    #: faster, else ``eager`` ones. ``compiled`` rounds sums differently from the other two.
    execution: Literal["auto", "eager", "compiled", "captured"] = "auto"
    #: Seconds between two checkpoints, or a text such as ``5m``. The first one is saved after 10
    #: seconds, if that is earlier.
    save_every: Adjustable[Annotated[Positive, BeforeValidator(seconds)]] = 60.0
    #: The number of resumable checkpoints that are kept.
    keep: Adjustable[Count] = 3
    #: When a loss is not finite: stop, or go back to the last checkpoint and on at half the
    #: learning rates.
    on_nan: Adjustable[Literal["stop", "rollback"]] = "stop"
    #: While training, count the samples that are copies of training images, by pixels alone, and
    #: say when copying begins. This takes about 3 % of the training time at most, on top of it.
    watch_copies: Adjustable[bool] = True
    #: Also write TensorBoard event files. Needs ``pip install 'genmodels[tensorboard]'``.
    tensorboard: Adjustable[bool] = False

    @model_validator(mode="after")
    def _one_limit(self) -> "Train":
        given = [name for name in LIMITS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of epochs, steps and budget, not {given}")
        return self

    @property
    def limit(self) -> str:
        """The limit in words, such as ``20 epochs``."""
        if self.budget is not None:
            return f"{self.budget:g} seconds"
        count, unit = (self.steps, "step") if self.steps else (self.epochs, "epoch")
        return f"{count:,} {unit}{'' if count == 1 else 's'}"


class Shift(Section):
    """One movement of a perturbation, in a slice of latent dimensions.

    The first frame adds ``start`` to those dimensions. Each further frame adds ``step`` more.
    """

    #: A slice of latent dimensions, ``start:stop:step`` as in Python.
    dims: Annotated[str, BeforeValidator(rows_of)]
    #: What the first frame adds to them.
    start: float
    #: What each further frame adds.
    step: float

    @property
    def slice(self) -> slice:
        """The dimensions as a slice."""
        return slice(*(int(number) if number else None for number in self.dims.split(":")))


# REFERENCE: the perturbation test of the report's VAE.
SHIFTS = (Shift(dims="0:8:2", start=-1.0, step=0.1), Shift(dims="1:8:2", start=1.0, step=-0.1))


class Settings(Section):
    """All settings of a run."""

    #: The seed of everything random.
    seed: int = Field(0, ge=0)
    #: ``class``, and the arguments of its constructor.
    model: dict[str, Json]
    #: The images.
    data: Data = Data()
    #: The training.
    train: Train
    #: The movements of the perturbation test.
    perturb: Adjustable[Annotated[tuple[Shift, ...], BeforeValidator(tuple_of)]] = SHIFTS

    def __repr__(self) -> str:
        kind = self.model.get("class")
        return f"<Settings: {kind} on {self.data.name}, {self.train.limit}, seed {self.seed}>"

    def differences(self, other: "Settings") -> list[str]:
        """List the keys that change the trained model and differ, with both values, one a line.

        Settings that are :data:`Adjustable` are not compared.
        """
        mine, theirs = self.fixed(), other.fixed()
        return [
            f"{key}: {_shown(theirs, key)} there, {_shown(mine, key)} now"
            for key in dict.fromkeys([*theirs, *mine])
            if mine.get(key) != theirs.get(key)
        ]

    def fixed(self) -> dict[str, Json]:
        """Return dotted key → value of the settings that change the trained model."""
        ignored = {*adjustable()}
        return {key: value for key, value in _flat(self.plain()).items() if key not in ignored}

    def with_loaded(self, name: str) -> "Settings":
        """Return the settings with the name of the loaded set, which may be the offline one."""
        loaded = self.data.model_copy(update={"name": name, "offline": None})
        return self.model_copy(update={"data": loaded})

    def plain(self) -> dict[str, Json]:
        """Return the settings as nested dictionaries and lists, for YAML or JSON."""
        return self.model_dump(mode="json")

    def yaml(self) -> str:
        """Return the settings as YAML, in the order of the sections."""
        return yaml12.dump(self.plain())


def adjustable(section: type[Section] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys that may change when a run is resumed, of a section and those in it."""
    for name, field in section.model_fields.items():
        if is_adjustable(field):
            yield prefix + name
        elif inspect.isclass(field.annotation) and issubclass(field.annotation, Section):
            yield from adjustable(field.annotation, f"{prefix}{name}.")


def _shown(values: Mapping[str, Json], key: str) -> str:
    """Return the value of a key as YAML writes it; a key that is absent has none."""
    value = values.get(key, "not set")
    return "null" if value is None else str(value)


def _flat(values: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    flat: dict[str, Json] = {}
    for key, value in values.items():
        inner = isinstance(value, Mapping) and value
        flat |= _flat(inner, f"{prefix}{key}.") if inner else {prefix + key: value}
    return flat
