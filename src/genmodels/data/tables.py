"""Decode picture files to one table, once and in parallel. Later loads map the table.

Tables are in the user's cache folder, at ``tables/<folder and settings>/<files>.npy``. A
table is complete or absent, and a new one replaces its predecessor. A killed process leaves
its decoded part beside the table, and the next process continues it.
"""

import hashlib
import json
import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import platformdirs
import torch
from filelock import FileLock
from torch import Tensor

from genmodels.data import decoding, workers
from genmodels.data.decoding import BROKEN, Channels, reason
from genmodels.data.images import ReportProgress
from genmodels.data.pictures import array_header
from genmodels.data.workers import Broken, Pictures
from genmodels.errors import InputError

VERSION = 2  # of the decoding; a change makes new tables
SYNCED = 32  # chunks between two syncs to disk
SIZE = 64  # pixels by default, usual for small models of faces and objects
OnBad = Literal["error", "skip"]
LARGEST = 128  # pixels up to which pictures of one size keep it


@dataclass(frozen=True)
class Table:
    """A table of pictures.

    Attributes:
        images: (N, C, H, W), uint8, memory-mapped; a change stays in memory.
        files: file of each row, below the folder.
        notes: facts that the user should know, one sentence each.
    """

    images: Tensor
    files: Sequence[str]
    notes: tuple[str, ...]


def load(pictures: Pictures, progress: ReportProgress, on_bad: OnBad = "error") -> Table:
    """Map the table of these pictures, or make it first.

    Args:
        pictures: files to decode.
        progress: called with (what, done, total).
        on_bad: ``skip`` leaves unreadable pictures out and names them in a note. A file
            beside the table lists them until the folder changes.

    Raises:
        InputError: pictures are broken, or the table cannot be written. No file is left then.
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
    except (OSError, ValueError):  # the load finds them again
        return {}
    return found if isinstance(found, dict) else {}


def _write_record(record: Path, left_out: Mapping[str, str]) -> None:
    with suppress(OSError):  # the next load finds them again
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
            f"the cached table {target} cannot be read ({error}); delete it to have it made anew"
        ) from None


def _target(pictures: Pictures) -> Path:
    """Derive the table's path from the settings and from the files' names, sizes and times."""
    settings = (VERSION, str(pictures.folder), pictures.image_size, pictures.channels, pictures.fit)
    state = hashlib.sha256()
    for file in pictures.files:
        with suppress(OSError):  # decoding names a missing file
            status = os.stat(f"{pictures.folder}/{file}")
            state.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    place = hashlib.sha256(repr(settings).encode()).hexdigest()[:16]
    tables = platformdirs.user_cache_path("genmodels") / "tables"
    return tables / place / f"{state.hexdigest()[:16]}.npy"


def _make(pictures: Pictures, target: Path, progress: ReportProgress) -> tuple[str, ...]:
    """Make a table, or finish a partial one, and return its notes."""
    part = target.with_suffix(".part")
    size, notes = _size(pictures)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.parents[2] / "locks" / f"{target.parent.name}.lock"
        lock.parent.mkdir(exist_ok=True)
        with FileLock(lock):
            if target.exists():  # made by another process meanwhile
                return notes
            _write(pictures, part, size, progress)
            part.replace(target)
    except OSError as error:
        raise InputError(
            f"the table of {len(pictures.files):,} pictures cannot be written to "
            f"{target.parent} ({reason(error)}); free space or make that folder "
            "writable; on Linux, XDG_CACHE_HOME names another place"
        ) from None
    except RuntimeError as error:  # from PyTorch, for a worker that ended
        raise InputError(
            f"a process that decoded pictures has ended ({error}); if memory ran out, set "
            "data.image_size to less; what was decoded is kept, and the same command goes on"
        ) from None
    finally:
        with suppress(OSError):
            target.parent.rmdir()  # empty if no table was made
    for old in {*target.parent.glob("*.npy"), *target.parent.glob("*.part")} - {target}:
        with suppress(OSError):  # Windows keeps a mapped file
            old.unlink()
    return notes


def _write(pictures: Pictures, path: Path, size: tuple[int, int], progress: ReportProgress) -> None:
    """Decode into a file, or continue a killed attempt.

    Plain writes: a full disk would kill a process that writes to a map.
    """
    channels = pictures.channels
    if channels == "auto" and _begun(path, _header(pictures, 3, size)):
        channels = 3
    try:
        try:
            _append(pictures, path, size, channels, progress)
        except workers.Colour:  # usually early: most folders are all grey or all colour
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
    done = (path.stat().st_size - len(header)) // row if _begun(path, header) else 0
    whole = SYNCED * workers.rows(size)
    done -= done % whole  # later rows may be incomplete on disk
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


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _header(pictures: Pictures, planes: int, size: tuple[int, int]) -> bytes:
    return array_header((len(pictures.files), planes, *size))


def _begun(path: Path, header: bytes) -> bool:
    """Tell whether a file starts with a header."""
    try:
        with path.open("rb") as file:
            return file.read(len(header)) == header
    except OSError:
        return False


def _size(pictures: Pictures) -> tuple[tuple[int, int], tuple[str, ...]]:
    """Choose (height, width) of the table, with a note where the default is taken."""
    if pictures.image_size is not None:
        return (pictures.image_size, pictures.image_size), ()

    def size(file: str) -> tuple[int, int] | None:
        try:
            return decoding.size(pictures.folder / file)
        except BROKEN:
            return None  # decoding names all broken files together

    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor() as pool,
    ):  # overlaps the waits for slow disks
        workers.quiet()
        seen = Counter(found for found in pool.map(size, pictures.files) if found)
    if len(seen) == 1 and max(only := next(iter(seen))) <= LARGEST:
        return only, ()
    shown = ", ".join(f"{n:,} of {w}x{h}" for (h, w), n in seen.most_common(4))
    more = ", …" if len(seen) > 4 else ""
    sizes = f"{len(seen):,} size{'s' if len(seen) > 1 else ''} ({shown}{more})"
    note = f"the pictures have {sizes} and data.image_size is not set: taking {SIZE}x{SIZE}"
    return (SIZE, SIZE), (note,)
