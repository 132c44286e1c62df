"""Other programs that a training's log goes to. Each is one file of this folder.

The name of the file is the key of ``train`` that turns it on, and its ``LOGGER`` is a class.
"""

import importlib.util
import pkgutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar, Protocol

from genmodels.config.settings import Settings, Train
from genmodels.errors import InputError
from genmodels.runs.manifest import Record


class Logger(Protocol):
    """A program that shows the log of a training; the class has its name.

    Attributes:
        library: the Python package that it needs.
        install: what ``pip install`` is given for that.
    """

    library: ClassVar[str]
    install: ClassVar[str]

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Start; ``folder`` is that of the run, which may have records already."""

    def log(self, record: Record) -> None:
        """Write one record of the log: of an epoch, or of copies, which has no losses."""

    def finish(self) -> None:
        """End, after the last record or after an error."""


def listed() -> dict[str, type[Logger]]:
    """Return the loggers of this folder, by the name of their file."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: importlib.import_module(f"{__name__}.{name}").LOGGER for name in names}


def chosen(train: Train) -> dict[str, type[Logger]]:
    """Return the loggers that the settings turn on.

    Raises:
        InputError: one is not installed.
    """
    found = {name: logger for name, logger in listed().items() if getattr(train, name)}
    for name, logger in found.items():
        if importlib.util.find_spec(logger.library) is None:
            raise InputError(
                f"train.{name} is true, but {logger.__name__} is not installed; "
                f"install it with: pip install '{logger.install}'"
            )
    return found


@contextmanager
def started(folder: Path, settings: Settings) -> Iterator[Sequence[Logger]]:
    """Start the loggers that the settings turn on, and finish them at the end."""
    with ExitStack() as stack:
        loggers = []
        for kind in chosen(settings.train).values():
            loggers.append(kind(folder, settings))
            stack.callback(loggers[-1].finish)
        yield loggers
