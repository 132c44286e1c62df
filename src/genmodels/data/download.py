"""Download a set by torchvision: with progress, one process at a time, with a time limit."""

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
from genmodels.data.images import ReportProgress
from genmodels.errors import InputError

STALL_SECONDS = 20.0  # after which an idle connection is given up
FAILED = (OSError, RuntimeError, HTTPException)  # errors of torchvision and urllib
SHOWN = 6  # files named in one message


class Unavailable(InputError):
    """A set is neither on disk nor downloadable.

    Attributes:
        why: the folder searched, and the reason why the download failed.
    """

    def __init__(self, message: str, why: str):
        super().__init__(message)
        self.why = why


def fetch(
    name: str,
    root: Path,
    files: Sequence[str],
    open_split: Callable[[bool], Any],
    progress: ReportProgress,
) -> None:
    """Download what is missing of a set.

    Args:
        name: of the set.
        root: folder of named sets.
        files: the set's files, below the root.
        open_split: downloads and opens the training split (True) or the test split (False).
        progress: called with (what, bytes done, bytes in total) for each file.

    Raises:
        Unavailable: the download failed. No file of the set is left half-written.
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
            f"{why}; put {listed(files)} there, name the folder that has them with `data_root`, "
            "or use the embedded set: `data=glyphs`",
            why,
        ) from None


def _why(error: BaseException) -> str:
    """Give the reason at the last mirror; torchvision lists all mirrors."""
    return re.sub(r"Tried .*got: <?(.*?)>?$", r"\1", reason(error))


def _failures() -> tuple[type[BaseException], ...]:
    """List the errors of failed downloads, with those of gdown where torchvision uses it."""
    gdown = sys.modules.get("gdown.exceptions")
    own = vars(gdown).values() if gdown else ()
    return (*FAILED, *(kind for kind in own if isinstance(kind, type)))


def listed(files: Sequence[str]) -> str:
    """List the first files of a set, and count the rest."""
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(files[:SHOWN]) + more


@contextmanager
def _undone(absent: Sequence[Path]) -> Iterator[None]:
    """Remove files that were absent before if the work fails: they may be incomplete.

    The archives stay, because torchvision checks their hash before use.
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
    """End an idle connection with an error."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def _bar_replaced(name: str, progress: ReportProgress) -> Iterator[None]:
    """Replace torchvision's nameless bar by calls of ``progress``."""
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
    """The part of a tqdm bar that torchvision uses. It is silent without a known total."""

    def __init__(self, what: str, total: int | None, progress: ReportProgress):
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
