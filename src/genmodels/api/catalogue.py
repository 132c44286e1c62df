"""Listings of data sets, models and runs, and resolved configurations."""

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
from genmodels.errors import InputError, Note, brief


def datasets(data_root: str | Path | None = None) -> list[Listed]:
    """List the named data sets.

    Args:
        data_root: their folder; by default ``GENMODELS_DATA``, else the user's cache folder.

    >>> from genmodels import api
    >>> api.datasets()[0].image_shape
    (1, 28, 28)
    """
    return data.sets(None if data_root is None else arguments.path("data_root", data_root))


def models() -> list[ModelInfo]:
    """List the models with their abilities, settings and presets.

    >>> from genmodels import api
    >>> "VAE" in [entry.name for entry in api.models()]
    True
    """
    return catalogue.models()


def describe(name: str) -> ModelInfo | Preset:
    """Return the description of a model or of a preset; its ``page`` is the text to print.

    Args:
        name: the model's class, or the preset's name.

    Raises:
        InputError: there is neither a model nor a preset of that name.

    >>> from genmodels import api
    >>> api.describe("wgan-gp.yaml").model
    'GAN'
    """
    if not isinstance(name, str):
        raise InputError(f"`name={brief(name)}`: give a model's class, or a preset's name")
    return catalogue.describe(name)


def runs(home: str | Path = folders.HOME) -> list[Run]:
    """List the runs below a folder, newest first. A note names each damaged one.

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
    """Read a configuration, with all defaults; ``yaml()`` returns it as a file's text.

    Args:
        source: a preset's name such as ``"vae.yaml"``, or a path.
        settings, overrides: as for :func:`genmodels.train`.

    Raises:
        InputError: the configuration has problems; the message has a line for each.

    >>> from genmodels import api
    >>> api.config("vae.yaml", budget="90s").train.budget
    90.0
    """
    source = arguments.path("source", source)
    found = configurations.read(source, arguments.layers(settings, overrides))
    arguments.check_kind_of_data(overrides, found.data.name)
    return found
