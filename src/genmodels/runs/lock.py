"""The lock of a run's folder: one process trains in it at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genmodels.errors import InputError

LOCK = ".lock"  # the file's name


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Lock a folder for writing; the system releases the lock when the process ends.

    Raises:
        InputError: another process trains in this folder.
    """
    import filelock  # here, because few commands need it

    lock = filelock.FileLock(path / LOCK)
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(
            f"another process is training in {path}; wait for it or choose another `out`"
        ) from None
    except OSError as why:
        raise InputError(f"{why.filename}: {why.strerror}; choose another `out`") from None
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Return whether a process trains in a folder.

    It takes the lock for a moment, so a training that starts in this moment is refused.
    """
    import filelock

    if not (path / LOCK).is_file():
        return False
    try:
        with filelock.FileLock(path / LOCK).acquire(timeout=0):
            return False
    except filelock.Timeout:
        return True
    except OSError:  # no permission to open the lock
        return False
