"""The folder of cached files: tables of pictures, features, downloads."""

import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

from genmodels.errors import Note, Unwritable


def path(name: str = "") -> Path:
    """Return the cache folder of the user, or a place inside it; nothing is created."""
    return platformdirs.user_cache_path("genmodels") / name


def keep(file: Path, write: Callable[[Path], object]) -> bool:
    """Write a file of the cache; where this is not possible, say so in a note and go on.

    Args:
        file: its path in the cache; missing folders are made.
        write: writes the file at the path that it is called with.

    Returns:
        Whether the file was written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file)
    except (OSError, Unwritable):
        note = f"the cache {path()} cannot be written: what is computed is made anew next time"
        warnings.warn(Note(note), stacklevel=2)
        return False
    return True


def trim(folder: Path, limit: int) -> None:
    """Delete the oldest files of a folder, until the others have ``limit`` bytes or less."""
    status = {}
    for file in folder.glob("[!.]*"):  # not those that are being written
        with suppress(OSError):  # another process has renamed or deleted it
            status[file] = file.stat()
    total = sum(each.st_size for each in status.values())
    for file in sorted(status, key=lambda file: status[file].st_mtime_ns):
        if total <= limit:
            return
        with suppress(OSError):
            file.unlink()
            total -= status[file].st_size
