"""The keywords of `train`, `compare` and `config` that override a configuration."""

from pathlib import Path
from typing import Literal, TypedDict


class Overrides(TypedDict, total=False):
    """Overrides of a configuration; None leaves a key unchanged.

    A limit (``epochs``, ``steps`` or ``budget``) replaces any other limit.

    Attributes:
        data: a data set's name, or a folder of pictures.
        data_root: the folder of data sets.
        on_bad: for pictures that cannot be read: ``error`` or ``skip``.
        seed: of all random numbers.
        epochs: total number of epochs.
        steps: total number of steps.
        budget: total training time: ``"90s"``, ``"10m"``, ``"2h"``, or seconds.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.
        precision: ``auto``, ``fp32``, ``bf16`` or ``fp16``.
        on_nan: when a loss is not finite: ``stop``, or ``rollback`` to the last checkpoint.
    """

    data: str | Path | None
    data_root: str | Path | None
    on_bad: Literal["error", "skip"] | None
    seed: int | None
    epochs: int | None
    steps: int | None
    budget: str | float | None
    device: str | None
    precision: Literal["auto", "fp32", "bf16", "fp16"] | None
    on_nan: Literal["stop", "rollback"] | None
