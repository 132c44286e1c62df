"""Atomic writes: after a crash there is the old file or the new file."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from genmodels.errors import Unwritable, readable_size


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
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Unwritable(
            f"{path} ({readable_size(len(content))}) cannot be written: {error.strerror}; "
            "free space or choose another folder with `out`"
        ) from None


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
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Unwritable(
            f"{path} cannot be written: {error.strerror or error}; "
            "free space or choose another path"
        ) from None


def _sync_folder(folder: Path) -> None:
    """Write a rename to the disk. Windows has no such call and does not need it."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
