"""What there is: data sets, models, runs, and what a configuration comes to."""

import warnings
from pathlib import Path
from typing import Unpack

from genmodels import config as configurations
from genmodels import data
from genmodels import runs as folders
from genmodels.api import arguments
from genmodels.api.overrides import Overrides
from genmodels.api.run import Run
from genmodels.config import catalogue
from genmodels.config.catalogue import ModelInfo, Preset
from genmodels.config.settings import Settings
from genmodels.data import Listed
from genmodels.errors import InputError, Note


def datasets(data_root: str | Path | None = None) -> list[Listed]:
    """List the data sets that have a name.

    Args:
        data_root: the folder in which they lie; by default ``GENMODELS_DATA``, or a cache.

    >>> from genmodels import api
    >>> api.datasets()[0].image_shape
    (1, 28, 28)
    """
    return data.sets(None if data_root is None else arguments.path("data_root", data_root))


def models() -> list[ModelInfo]:
    """List the models: what each can do, its settings and its presets.

    >>> from genmodels import api
    >>> "VAE" in [entry.name for entry in api.models()]
    True
    """
    return catalogue.models()


def describe(name: str) -> ModelInfo | Preset:
    """Find a model by its class, or a preset by its name; ``page`` is all that there is to say.

    Raises:
        InputError: there is neither.

    >>> from genmodels import api
    >>> api.describe("wgan-gp.yaml").model
    'GAN'
    """
    if not isinstance(name, str):
        raise InputError(f"`name={name!r}`: give a model's class, or a preset's name")
    return catalogue.describe(name)


def runs(home: str | Path = folders.HOME) -> list[Run]:
    """List the runs below a folder, newest first; a note names those that are damaged.

    >>> from genmodels import api
    >>> api.runs()
    [<Run runs/first: vae on glyphs, 2 steps>]
    """
    home = arguments.path("home", home)
    for problem in folders.damaged(home):
        warnings.warn(Note(f"left out: {problem}"), stacklevel=2)
    return [Run(folder) for folder in folders.listed(home)]


def config(
    source: str | Path, *, settings: arguments.Settings = (), **overrides: Unpack[Overrides]
) -> Settings:
    """Read a configuration with all its defaults; its ``yaml()`` is a file that says it all.

    Args:
        source: a preset's name such as ``"vae.yaml"``, or a path.
        settings, overrides: as for :func:`genmodels.train`.

    Raises:
        InputError: everything that is wrong with it, one problem a line.

    >>> from genmodels import api
    >>> api.config("vae.yaml", budget="90s").train.budget
    90.0
    """
    source = arguments.path("source", source)
    return configurations.read(source, arguments.layers(settings, overrides))
