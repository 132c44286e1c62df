"""Download of a data set by torchvision, with progress, a lock and a time limit."""

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

from genmodels.data.decoding import reason
from genmodels.data.images import ReportProgress
from genmodels.errors import InputError

STALL_SECONDS = 20.0  # without data, after which a connection is closed
FAILED = (OSError, RuntimeError, HTTPException)  # errors of torchvision and urllib
SHOWN = 6  # files named in one message


class Unavailable(InputError):
    """A data set is neither on disk nor downloadable.

    Attributes:
        why: the message without the advice.
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
    """Download the missing files of a data set.

    Args:
        name: of the set.
        root: folder of named sets.
        files: the set's files, below the root.
        open_split: downloads and opens the training split (True) or the test split (False).
        progress: called with (what, bytes done, bytes in total) for each file.

    Raises:
        Unavailable: the download failed. No incomplete file of the set is left.
    """
    from filelock import FileLock  # here, because few starts download

    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{name}.lock"), _time_limit(), _progress_bar(name, progress):
            missing = [root / file for file in files if not (root / file).exists()]
            with _removed_on_failure(missing):
                for train in (True, False):
                    open_split(train)
    except _failures() as error:
        why = f"data set {name} is not in {root} and cannot be downloaded ({_why(error)})"
        raise Unavailable(
            f"{why}; put {listed(files)} there, set `data_root` to the folder that has them, or "
            "use the embedded set: `data=glyphs`",
            why,
        ) from None


def _why(error: BaseException) -> str:
    """Return the reason at the last mirror; torchvision lists those of all mirrors."""
    return re.sub(r"Tried .*got: <?(.*?)>?$", r"\1", reason(error))


def _failures() -> tuple[type[BaseException], ...]:
    """Return the errors of failed downloads, with those of gdown if torchvision uses it."""
    gdown = sys.modules.get("gdown.exceptions")
    of_gdown = vars(gdown).values() if gdown else ()
    return (*FAILED, *(kind for kind in of_gdown if isinstance(kind, type)))


def listed(files: Sequence[str]) -> str:
    """List the first files of a set, and count the rest."""
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(files[:SHOWN]) + more


@contextmanager
def _removed_on_failure(paths: Sequence[Path]) -> Iterator[None]:
    """Delete paths if the block fails, because they may be incomplete.

    The archives are kept, because torchvision checks their hash before it uses them.
    """
    try:
        yield
    except BaseException:
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        raise


@contextmanager
def _time_limit() -> Iterator[None]:
    """Let connections fail after ``STALL_SECONDS`` without data."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextmanager
def _progress_bar(name: str, progress: ReportProgress) -> Iterator[None]:
    """Replace torchvision's progress bar by calls of ``progress``."""
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
    """The part of tqdm's interface that torchvision uses. It shows nothing without a total."""

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
        """Add bytes to the progress count."""
        self.done += count
        if self.total:
            self.progress(self.what, self.done, self.total)
