"""A list of picture files becomes one table: decoded once, in parallel, then only mapped.

Tables lie in the user's cache folder, at ``tables/<folder and settings>/<files>.npy``. A
table is complete or absent, and a new one replaces the one before it. What was decoded when
a process was killed lies beside it, and the next one goes on from there.
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
from genmodels.data.images import Progress
from genmodels.data.pictures import array_header
from genmodels.data.workers import Broken, Pictures
from genmodels.errors import InputError

VERSION = 2  # of the decoding; a new one makes new tables
SYNCED = 32  # chunks after which a table is brought to the disk
SIZE = 64  # pixels, where nobody asked: small models of faces and objects start there
OnBad = Literal["error", "skip"]
LARGEST = 128  # pixels up to which pictures of one size are taken as they are


@dataclass(frozen=True)
class Table:
    """A table of pictures, and what the user should know about it.

    Attributes:
        images: (N, C, H, W), uint8, memory-mapped; a change stays in memory.
        files: those of the rows, below the folder.
        notes: one sentence each.
    """

    images: Tensor
    files: Sequence[str]
    notes: tuple[str, ...]


def load(pictures: Pictures, progress: Progress, on_bad: OnBad = "error") -> Table:
    """Map the table of these pictures, making it where there is none yet.

    Args:
        pictures: what to decode.
        progress: is told how far it is.
        on_bad: ``skip`` leaves pictures out that cannot be read, and says which; they are
            remembered beside the table until the folder changes.

    Raises:
        InputError: pictures are broken, or the table cannot be written; nothing is left then.
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
    except (OSError, ValueError):  # then they are found anew
        return {}
    return found if isinstance(found, dict) else {}


def _write_record(record: Path, left_out: Mapping[str, str]) -> None:
    with suppress(OSError):  # then they are found anew next time
        record.parent.mkdir(parents=True, exist_ok=True)
        for old in record.parent.glob("*.json"):
            old.unlink()
        record.write_text(json.dumps(left_out), encoding="utf-8")


def _load(pictures: Pictures, progress: Progress) -> Table:
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
    """Where the table lies, by the settings and by the files' names, sizes and times."""
    settings = (VERSION, str(pictures.folder), pictures.image_size, pictures.channels, pictures.fit)
    state = hashlib.sha256()
    for file in pictures.files:
        with suppress(OSError):  # a file that is gone is named when it is decoded
            status = os.stat(f"{pictures.folder}/{file}")
            state.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    place = hashlib.sha256(repr(settings).encode()).hexdigest()[:16]
    tables = platformdirs.user_cache_path("genmodels") / "tables"
    return tables / place / f"{state.hexdigest()[:16]}.npy"


def _make(pictures: Pictures, target: Path, progress: Progress) -> tuple[str, ...]:
    """Make a table, or finish one that was begun; return what the user should know about it."""
    part = target.with_suffix(".part")
    size, notes = _size(pictures)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = target.parents[2] / "locks" / f"{target.parent.name}.lock"
        lock.parent.mkdir(exist_ok=True)
        with FileLock(lock):
            if target.exists():  # another process has made it meanwhile
                return notes
            _write(pictures, part, size, progress)
            part.replace(target)
    except OSError as error:
        raise InputError(
            f"the table of {len(pictures.files):,} pictures cannot be written to "
            f"{target.parent} ({reason(error)}); free space or make that folder "
            "writable; on Linux, XDG_CACHE_HOME names another place"
        ) from None
    except RuntimeError as error:  # PyTorch's, of a worker that is no more
        raise InputError(
            f"a process that decoded pictures has ended ({error}); if memory ran out, set "
            "data.image_size to less; what was decoded is kept, and the same command goes on"
        ) from None
    finally:
        with suppress(OSError):
            target.parent.rmdir()  # where no table came to be, it is empty
    for old in {*target.parent.glob("*.npy"), *target.parent.glob("*.part")} - {target}:
        with suppress(OSError):  # Windows keeps a file that another process has mapped
            old.unlink()
    return notes


def _write(pictures: Pictures, path: Path, size: tuple[int, int], progress: Progress) -> None:
    """Decode into a file, from where an earlier attempt was killed. Plain writes, since a full
    disk would kill whoever writes to a map."""
    channels = pictures.channels
    if channels == "auto" and _begun(path, _header(pictures, 3, size)):
        channels = 3
    try:
        try:
            _append(pictures, path, size, channels, progress)
        except workers.Colour:  # seldom late: most folders are all grey or all colour
            _append(pictures, path, size, 3, progress)
    except (InputError, OSError):
        path.unlink(missing_ok=True)
        raise


def _append(
    pictures: Pictures,
    path: Path,
    size: tuple[int, int],
    channels: Channels,
    progress: Progress,
) -> None:
    """Write the rows that a file does not have yet.

    Raises:
        Colour: ``channels`` is ``auto``, which stands for grey here, and not all are grey.
    """
    planes = 3 if channels == 3 else 1
    header, row = _header(pictures, planes, size), planes * size[0] * size[1]
    done = (path.stat().st_size - len(header)) // row if _begun(path, header) else 0
    whole = SYNCED * workers.rows(size)
    done -= done % whole  # what came later may not have reached the disk in one piece
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
    """Whether a file starts so."""
    try:
        with path.open("rb") as file:
            return file.read(len(header)) == header
    except OSError:
        return False


def _size(pictures: Pictures) -> tuple[tuple[int, int], tuple[str, ...]]:
    """(height, width) of the table, and a note where nobody asked for it."""
    if pictures.image_size is not None:
        return (pictures.image_size, pictures.image_size), ()

    def size(file: str) -> tuple[int, int] | None:
        try:
            return decoding.size(pictures.folder / file)
        except BROKEN:
            return None  # decoding names it, together with the others

    with warnings.catch_warnings(), ThreadPoolExecutor() as pool:  # waits for slow disks at once
        workers.quiet()
        seen = Counter(found for found in pool.map(size, pictures.files) if found)
    if len(seen) == 1 and max(only := next(iter(seen))) <= LARGEST:
        return only, ()
    shown = ", ".join(f"{n:,} of {w}x{h}" for (h, w), n in seen.most_common(4))
    more = ", …" if len(seen) > 4 else ""
    sizes = f"{len(seen):,} size{'s' if len(seen) > 1 else ''} ({shown}{more})"
    note = f"the pictures have {sizes} and data.image_size is not set: taking {SIZE}x{SIZE}"
    return (SIZE, SIZE), (note,)
