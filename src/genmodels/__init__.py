"""Train families of generative image models under one trainer, and compare them fairly.

The public names are imported when they are first used, so that ``import genmodels`` and the
command line's help do not wait for PyTorch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from genmodels.system import waiting

waiting.shorten()  # here, because it must come before PyTorch is loaded

__version__ = "0.1.0"
__all__ = [
    "InputError", "Run", "compare", "interpolate", "load", "sample", "save_images", "train",
]  # fmt: skip

if TYPE_CHECKING:
    from genmodels.api import Run, compare, interpolate, load, sample, save_images, train
    from genmodels.errors import InputError

_HOMES = {"InputError": "genmodels.errors"}

if not TYPE_CHECKING:  # a type checker knows the names above, and no others

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module 'genmodels' has no attribute {name!r}")
        return getattr(import_module(_HOMES.get(name, "genmodels.api")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
