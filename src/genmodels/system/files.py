"""Write files so that a crash at any instant leaves the old one or the new one."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from genmodels.errors import Unwritable


def write(path: Path, content: bytes) -> None:
    """Write a file so that a crash at any instant leaves the old one or the new one.

    The bytes reach the disk under a temporary name before they take their own.

    Raises:
        Unwritable: the file cannot be written, for lack of space or of permission; what was
            there before is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
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
            f"{path} ({len(content) / 2**20:.1f} MiB) cannot be written: {error.strerror}; "
            "free space or choose another folder with `out`"
        ) from None


def save_with(path: Path, save_to: Callable[[Path], object]) -> None:
    """Let a library write under a temporary name, then rename: whole or not at all.

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
            "free space or choose another `out`"
        ) from None


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
