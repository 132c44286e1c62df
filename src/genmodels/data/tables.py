"""Tables of decoded pictures, which are memory-mapped after the first load.

Tables are in the user's cache folder, at ``tables/<hash of folder and settings>/<hash of
files>.npy``. A table is complete or absent, and a new one replaces the old one. A process that
is killed leaves a partial file beside the table, and the next process continues it.
"""

import hashlib
import json
import os
import shutil
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import torch
from torch import Tensor

from genmodels.data import picture_sizes, workers
from genmodels.data.decoding import Channels, reason
from genmodels.data.images import ReportProgress
from genmodels.data.pictures import array_header
from genmodels.data.workers import Broken, Pictures
from genmodels.errors import InputError, Note, readable_size
from genmodels.system import cache

VERSION = 3  # of files and decoding; increase it when they change, so that tables are made anew
SYNCED = 32  # chunks between two syncs to disk
SIZE = 64  # default height and width in pixels, usual for small models of faces and objects
OnBad = Literal["error", "skip"]
LARGEST = 128  # largest height or width in pixels that is kept by default
BIG = 2**30  # bytes of a table whose size is said before it is made
FORGOTTEN = 24 * 3600.0  # seconds after which a partial table is deleted


@dataclass(frozen=True)
class Table:
    """A table of pictures.

    Attributes:
        images: (N, C, H, W), uint8, memory-mapped; changes are not written to the file.
        files: file of each row, below the folder.
        notes: messages to the user, one sentence each.
    """

    images: Tensor
    files: Sequence[str]
    notes: tuple[str, ...]


def load(pictures: Pictures, progress: ReportProgress, on_bad: OnBad = "error") -> Table:
    """Return the memory-mapped table of pictures, after making it if it does not exist.

    Args:
        pictures: files to decode.
        progress: called with (what, done, total).
        on_bad: ``skip`` leaves unreadable pictures out and names them in a note. A file beside
            the table lists them until the folder changes.

    Raises:
        InputError: pictures are broken, or the table cannot be written. No file is left.
    """
    if on_bad == "error":
        return _load(pictures, progress)
    record = _target(pictures).with_suffix(".json")
    left_out = _read(record)
    while True:
        kept = [file for file in pictures.files if file not in left_out]
        if not kept:
            raise Broken(pictures.folder, left_out, len(pictures.files))
        try:
            table = _load(replace(pictures, files=kept), progress)
        except Broken as error:
            left_out = {**left_out, **error.files}
            _write_record(record, left_out)
            continue
        if left_out:
            total = f"{len(left_out):,} of {len(pictures.files):,} pictures that cannot be read"
            table = replace(
                table, notes=(*table.notes, f"left out {total}: {workers.listed(left_out)}")
            )
        return table


def _read(record: Path) -> dict[str, str]:
    try:
        found = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # decoding finds the broken pictures again
        return {}
    return found if isinstance(found, dict) else {}


def _write_record(record: Path, left_out: Mapping[str, str]) -> None:
    with suppress(OSError):  # the next load finds the broken pictures again
        record.parent.mkdir(parents=True, exist_ok=True)
        for old in record.parent.glob("*.json"):
            old.unlink()
        record.write_text(json.dumps(left_out), encoding="utf-8")


def _load(pictures: Pictures, progress: ReportProgress) -> Table:
    target = _target(pictures)
    notes: tuple[str, ...] = ()
    if not target.exists():
        notes = _make(pictures, target, progress)
        notes += (f"decoded {len(pictures.files):,} pictures once into {target}",)
    try:
        return Table(torch.from_numpy(np.load(target, mmap_mode="c")), pictures.files, notes)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"the cached table {target} cannot be read ({error}); delete it, and it is made anew"
        ) from None


def _target(pictures: Pictures) -> Path:
    """Return the table's path, from the settings and the files' names, sizes and times."""
    settings = (VERSION, str(pictures.folder), pictures.image_size, pictures.channels, pictures.fit)
    state = hashlib.sha256()
    for file in pictures.files:
        with suppress(OSError):  # decoding reports a missing file
            status = os.stat(f"{pictures.folder}/{file}")
            state.update(os.fsencode(file))
            state.update(f"\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    folder = hashlib.sha256(repr(settings).encode()).hexdigest()[:16]
    tables = cache.path("tables")
    return tables / folder / f"{state.hexdigest()[:16]}.npy"


def _make(pictures: Pictures, target: Path, progress: ReportProgress) -> tuple[str, ...]:
    """Make a table, or finish a partial one, and return its notes."""
    from filelock import FileLock  # here, because few starts make a table

    part = target.with_suffix(".part")
    size, notes = _size(pictures)
    try:
        lock = _lock(part)
        lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(lock):
            target.parent.mkdir(parents=True, exist_ok=True)
            _sweep(part)
            if target.exists():  # another process has made it
                return notes
            _write(pictures, part, size, progress)
            part.replace(target)
    except OSError as error:
        raise InputError(
            f"the table of {len(pictures.files):,} pictures cannot be written to "
            f"{target.parent} ({reason(error)}); free space or make that folder writable; on "
            "Linux, XDG_CACHE_HOME sets another folder"
        ) from None
    except RuntimeError as error:  # from PyTorch, when a worker has ended
        raise InputError(
            f"a process that decoded pictures has ended ({error}); if memory ran out, lower "
            "data.image_size; the same command continues after the pictures decoded so far"
        ) from None
    finally:
        with suppress(OSError):
            target.parent.rmdir()  # empty if no table was made
    for old in {*target.parent.glob("*.npy"), *target.parent.glob("*.part")} - {target}:
        with suppress(OSError):  # Windows cannot delete a mapped file
            old.unlink()
    return notes


def _lock(part: Path) -> Path:
    """Return the lock of the folder of a partial table."""
    return part.parents[2] / "locks" / f"{part.parent.name}.lock"


def _sweep(part: Path) -> None:
    """Delete the partial tables of the same pictures in other settings, and forgotten ones.

    Those that another process makes now are locked, and stay.
    """
    from filelock import FileLock, Timeout

    for old in {*part.parents[1].glob("*/*.part")} - {part}:
        with suppress(OSError, Timeout):
            if old.name == part.name or time.time() - old.stat().st_mtime > FORGOTTEN:
                with FileLock(_lock(old), timeout=0):
                    old.unlink()
                    old.parent.rmdir()  # unless it has a table


def _write(pictures: Pictures, path: Path, size: tuple[int, int], progress: ReportProgress) -> None:
    """Decode into a file, or continue a partial one.

    The file is not memory-mapped here, because a full disk would kill the process.
    """
    channels = pictures.channels
    if channels == "auto" and _starts_with(path, _header(pictures, 3, size)):
        channels = 3
    try:
        try:
            _append(pictures, path, size, channels, progress)
        except workers.Colour:  # usually early, because most folders are all grey or all colour
            _append(pictures, path, size, 3, progress)
    except (InputError, OSError):
        path.unlink(missing_ok=True)
        raise


def _append(
    pictures: Pictures,
    path: Path,
    size: tuple[int, int],
    channels: Channels,
    progress: ReportProgress,
) -> None:
    """Write the missing rows of a file.

    Raises:
        Colour: ``channels`` is ``auto``, and a picture has colour.
    """
    planes = 3 if channels == 3 else 1
    header, row = _header(pictures, planes, size), planes * size[0] * size[1]
    done = (path.stat().st_size - len(header)) // row if _starts_with(path, header) else 0
    done -= done % (SYNCED * workers.rows(size))  # rows after the last sync may be incomplete
    _check_space(path, len(header) + len(pictures.files) * row, f"{planes}x{size[0]}x{size[1]}")
    with path.open("r+b" if done else "wb") as file:
        if done:
            file.truncate(len(header) + done * row)
            file.seek(0, os.SEEK_END)
        else:
            file.write(header)
        decoded = workers.decode(pictures, done, size, channels, progress)
        for number, array in enumerate(decoded, 1):
            file.write(array.data)
            if number % SYNCED == 0:
                _sync(file)
        _sync(file)


def _check_space(path: Path, total: int, shape: str) -> None:
    """Compare the bytes of a table with the free space of its disk, and say them if they are many.

    Raises:
        InputError: the disk is too full.
    """
    there = path.stat().st_size if path.exists() else 0  # is continued, or written over
    free = shutil.disk_usage(path.parent).free
    table = f"the table of these pictures, {shape} each, will need {readable_size(total)}"
    where = f"in {path.parent}, whose disk has {readable_size(free)} free"
    if total - there > free:
        raise InputError(
            f"{table} {where}; free space, or lower data.image_size; on Linux, XDG_CACHE_HOME sets "
            "another folder"
        )
    if total > BIG:
        warnings.warn(Note(f"{table} {where}"), stacklevel=2)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _header(pictures: Pictures, planes: int, size: tuple[int, int]) -> bytes:
    return array_header((len(pictures.files), planes, *size))


def _starts_with(path: Path, header: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(header)) == header
    except OSError:
        return False


def _size(pictures: Pictures) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Return (height, width) of the table, and a note if the default is taken."""
    if pictures.image_size is not None:
        return (pictures.image_size, pictures.image_size), ()

    counts = picture_sizes.count(pictures.folder, pictures.files)
    if len(counts) == 1 and max(only := next(iter(counts))) <= LARGEST:
        return only, ()
    found = picture_sizes.described(counts)
    note = f"the pictures have {found} and data.image_size is not set: taking {SIZE}x{SIZE}"
    return (SIZE, SIZE), (note,)
