"""The Python interface: every command as a function, and :class:`Run`.

A name is imported when it is first used, so that sampling does not load the libraries of a
comparison.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genmodels.api.catalogue import config, datasets, describe, models, runs
    from genmodels.api.comparison import Comparison, compare
    from genmodels.api.images import grid, save_images
    from genmodels.api.interpolation import interpolate
    from genmodels.api.machine import doctor
    from genmodels.api.overrides import Overrides
    from genmodels.api.run import Run, load
    from genmodels.api.sampling import sample, sample_to
    from genmodels.api.training import train
    from genmodels.api.verification import Finding, replay, verify

_HOMES = {
    "Comparison": "comparison",
    "Finding": "verification",
    "Overrides": "overrides",
    "Run": "run",
    "compare": "comparison",
    "config": "catalogue",
    "datasets": "catalogue",
    "describe": "catalogue",
    "doctor": "machine",
    "grid": "images",
    "interpolate": "interpolation",
    "load": "run",
    "models": "catalogue",
    "replay": "verification",
    "runs": "catalogue",
    "sample": "sampling",
    "sample_to": "sampling",
    "save_images": "images",
    "train": "training",
    "verify": "verification",
}
__all__ = [
    "Comparison", "Finding", "Overrides", "Run", "compare", "config", "datasets", "describe",
    "doctor", "grid", "interpolate", "load", "models", "replay", "runs", "sample", "sample_to",
    "save_images", "train", "verify",
]  # fmt: skip

if not TYPE_CHECKING:  # so that a type checker accepts only the names above

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
