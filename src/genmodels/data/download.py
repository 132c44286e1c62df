"""Have torchvision download a set: with our progress, one process at a time, and never
waiting for ever."""

import re
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock

from genmodels.data.decoding import reason
from genmodels.data.images import Progress
from genmodels.errors import InputError

STALL_SECONDS = 20.0  # after which a connection on which nothing moves is given up
FAILED = (OSError, RuntimeError, HTTPException)  # what torchvision and urllib raise
SHOWN = 6  # files that are named


class Unavailable(InputError):
    """A set is neither on disk nor downloadable.

    Attributes:
        why: what was searched, and why the download failed.
    """

    def __init__(self, message: str, why: str):
        super().__init__(message)
        self.why = why


def fetch(
    name: str,
    root: Path,
    files: Sequence[str],
    open_split: Callable[[bool], Any],
    progress: Progress,
) -> None:
    """Download what is missing of a set.

    Args:
        name: of the set.
        root: where sets lie.
        files: what has to lie below the root afterwards.
        open_split: has torchvision download and open the training or the test split.
        progress: is told the bytes of each file.

    Raises:
        Unavailable: it cannot be downloaded; no file of the set is left half-written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{name}.lock"), _stalls_end(), _bar_replaced(name, progress):
            absent = [root / file for file in files if not (root / file).exists()]
            with _undone(absent):
                for train in (True, False):
                    open_split(train)
    except _failures() as error:
        why = f"data set {name} is not in {root} and cannot be downloaded ({_why(error)})"
        raise Unavailable(
            f"{why}; put {listed(files)} there, name the folder that has them with --data-root, "
            "or use the embedded set: --data glyphs",
            why,
        ) from None


def _why(error: BaseException) -> str:
    """What went wrong, at the last mirror alone: torchvision lists them all."""
    return re.sub(r"Tried .*got: <?(.*?)>?$", r"\1", reason(error))


def _failures() -> tuple[type[BaseException], ...]:
    """What failed downloads raise: gdown, by which torchvision may fetch, has its own errors."""
    gdown = sys.modules.get("gdown.exceptions")
    own = vars(gdown).values() if gdown else ()
    return (*FAILED, *(kind for kind in own if isinstance(kind, type)))


def listed(files: Sequence[str]) -> str:
    """Name the files of a set, in words."""
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(files[:SHOWN]) + more


@contextmanager
def _undone(absent: Sequence[Path]) -> Iterator[None]:
    """Remove what was absent before if the work does not end well: it may be incomplete.

    The archives stay, since torchvision checks their hash before it uses them.
    """
    try:
        yield
    except BaseException:
        for path in absent:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        raise


@contextmanager
def _stalls_end() -> Iterator[None]:
    """Let a connection on which nothing moves end in an error."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def _bar_replaced(name: str, progress: Progress) -> Iterator[None]:
    """Report torchvision's downloads to us, instead of drawing a bar without a name."""
    from torchvision.datasets import utils

    count = 0

    def bar(total: int | None = None, **options: Any) -> _Bar:
        nonlocal count
        count += 1
        return _Bar(f"downloading {name}, file {count}", total, progress)

    before, utils.tqdm = utils.tqdm, bar
    try:
        yield
    finally:
        utils.tqdm = before


class _Bar:
    """The part of a tqdm bar that torchvision uses; without a known total it is silent."""

    def __init__(self, what: str, total: int | None, progress: Progress):
        self.what, self.total, self.progress = what, total, progress
        self.done = 0

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def update(self, count: int) -> None:
        """Count further bytes."""
        self.done += count
        if self.total:
            self.progress(self.what, self.done, self.total)
