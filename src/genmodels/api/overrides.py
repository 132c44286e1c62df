"""What `train`, `compare` and `config` replace of a configuration, as keywords."""

from pathlib import Path
from typing import Literal, TypedDict


class Overrides(TypedDict, total=False):
    """Replace keys of a configuration; None leaves a key as it is.

    A limit (``epochs``, ``steps`` or ``budget``) replaces any other limit.

    Attributes:
        data: a data set's name, or a folder of pictures.
        data_root: the folder in which data sets lie.
        on_bad: for pictures that cannot be read: ``error`` or ``skip``.
        seed: of everything random.
        epochs: train this many epochs in all.
        steps: train this many steps in all.
        budget: train this long in all: ``"90s"``, ``"10m"``, ``"2h"``, or seconds.
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
