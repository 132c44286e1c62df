"""Atomic writes: after a crash there is the old file or the new file."""

import errno
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from genmodels.errors import Unwritable, readable_size

# Errors of a disk or a quota that is full; Windows lacks the second.
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)


def write(path: Path, content: bytes) -> None:
    """Write a file; after a crash at any time there is the old file or the new file.

    The bytes reach the disk under a temporary name. Then the file is renamed. Missing folders are
    made.

    Raises:
        Unwritable: the file cannot be written, for lack of space or of permission. The old file
            is unchanged.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise Unwritable(
            f"{path} ({readable_size(len(content))}) cannot be written: {_reason(path, error)} "
            "folder with `out`"
        ) from None
    finally:  # after a signal too
        _remove(temporary)


def save_with(path: Path, save_to: Callable[[Path], object]) -> None:
    """Let a function write a file under a temporary name, then rename the file.

    Args:
        path: the path of the file; missing folders are made.
        save_to: writes the file at the path that it is called with.

    Raises:
        Unwritable: the file cannot be written.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_to(temporary)
        temporary.replace(path)
    except OSError as error:
        raise Unwritable(f"{path} cannot be written: {_reason(path, error)} path") from None
    finally:  # after a signal too
        _remove(temporary)


def obstacle(folder: Path) -> str:
    """Return why files cannot be written into a folder, which need not exist; empty if they can.

    A file without a name is made, because permissions do not say what ``/proc`` refuses.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        return f"{existing} is a file"
    try:
        with tempfile.TemporaryFile(dir=existing):
            return ""
    except OSError as error:
        return "" if error.errno in FULL else f"{existing} is not writable"


def _reason(path: Path, error: OSError) -> str:
    """Return why a file cannot be written, and the begin of what to do instead."""
    if error.errno in FULL:
        return f"{error.strerror}; free space or choose another"
    return f"{obstacle(path.parent) or error.strerror or error}; choose another"


def _remove(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Write a rename to the disk. Windows has no such call and does not need it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
