"""Pictures are decoded by a process on each core, in chunks that come back in their order.

Processes, not threads: with these, two cores decode small pictures 1.2 times as fast as one,
since half of the work holds the interpreter's lock.
"""

import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from genmodels.data import decoding
from genmodels.data.decoding import BROKEN, Channels, Fit, reason
from genmodels.data.images import Progress
from genmodels.errors import InputError

CHUNK = 2**20  # bytes of a table that a worker hands over at a time
AHEAD = 4  # chunks of each worker that wait for the disk
SHARE = 512  # pictures that are worth a worker's start
SHOWN = 5  # broken pictures that are named


@dataclass(frozen=True)
class Pictures:
    """What a table is made of.

    Attributes:
        folder: absolute.
        files: below the folder, in the order of the table's rows.
        image_size: height and width; None keeps the one size of all pictures where they have
            one of at most ``LARGEST``, else it is ``SIZE``.
        channels, fit: as :func:`genmodels.data.decoding.decode` takes them.
    """

    folder: Path
    files: Sequence[str]
    image_size: int | None
    channels: Channels
    fit: Fit


class Broken(InputError):
    """Some pictures of a folder cannot be read.

    Attributes:
        files: which, below the folder, and what is wrong with each.
    """

    def __init__(self, folder: Path, files: Mapping[str, str], total: int):
        if len(files) == total:
            which, todo = f"none of the {total:,} pictures in {folder} can be read", "repair them"
        else:
            which = f"{len(files):,} of {total:,} pictures in {folder} cannot be read"
            todo = "repair or remove them, or leave them out with --on-bad skip"
        super().__init__(f"{which}: {listed(files)}; {todo}")
        self.files = files


def listed(files: Mapping[str, str]) -> str:
    """The first broken pictures, each with its reason, and how many more there are."""
    shown = [f"{file}: {wrong}" for file, wrong in list(files.items())[:SHOWN]]
    more = f"; and {len(files) - SHOWN:,} more" if len(files) > SHOWN else ""
    return "; ".join(shown) + more


class Colour(Exception):
    """A picture with colour came where all were grey so far."""


def rows(size: tuple[int, int]) -> int:
    """Pictures of a chunk."""
    return max(1, CHUNK // (3 * size[0] * size[1]))


class _Chunks(Dataset[tuple[np.ndarray, dict[str, str]]]):
    """Chunks of pictures from the first that is missing on: (n, C, H, W), and what is wrong
    with those that are not there. With ``auto``, C is 3 where any of them has colour; those
    that have none are not there then."""

    def __init__(
        self, pictures: Pictures, first: int, size: tuple[int, int], channels: Channels
    ) -> None:
        self.pictures, self.size, self.channels = pictures, size, channels
        step, total = rows(size), len(pictures.files)
        self.parts = [range(at, min(at + step, total)) for at in range(first, total, step)]

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, number: int) -> tuple[np.ndarray, dict[str, str]]:
        arrays: list[np.ndarray] = []
        problems: dict[str, str] = {}
        for row in self.parts[number]:
            file = self.pictures.files[row]
            path = self.pictures.folder / file
            try:
                arrays.append(decoding.decode(path, self.size, self.channels, self.pictures.fit))
            except BROKEN as error:
                problems[file] = reason(error)
        planes = max(map(len, arrays), default=1)
        alike = [array for array in arrays if len(array) == planes]
        return np.asarray(alike, np.uint8).reshape(-1, planes, *self.size), problems


def decode(
    pictures: Pictures, first: int, size: tuple[int, int], channels: Channels, progress: Progress
) -> Iterator[np.ndarray]:
    """Yield (n, C, H, W) from the first file on, up to the first that is broken; refuse the
    broken ones at the end, together.

    Raises:
        Colour: ``channels`` is ``auto``, which stands for grey here, and not all are grey.
        Broken: pictures cannot be read.
        RuntimeError: a worker has ended.
    """
    chunks = _Chunks(pictures, first, size, channels)
    total = len(pictures.files)
    workers = min(_cores(), (total - first) // SHARE)
    apart: dict[str, Any] = {}
    if workers > 1:  # one alone would only hand over
        # Workers only decode, so none of PyTorch's threads is missed in a forked one.
        fork = "fork" if sys.platform == "linux" else None
        apart = {"num_workers": workers, "prefetch_factor": AHEAD, "multiprocessing_context": fork}
    problems: dict[str, str] = {}
    with warnings.catch_warnings():
        quiet()
        # The seed for workers is drawn from a generator of its own, not from the user's.
        loader = DataLoader(
            chunks,
            batch_size=None,
            collate_fn=_as_is,
            worker_init_fn=quiet,
            generator=torch.Generator(),
            **apart,
        )
        for part, (array, broken) in zip(chunks.parts, loader, strict=True):
            problems |= broken
            if channels == "auto" and array.shape[1] == 3:
                raise Colour
            if not problems:
                yield array
            progress("reading pictures", part.stop, total)
    if problems:
        raise Broken(pictures.folder, problems, total)


def _as_is(item: Any) -> Any:
    return item


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def quiet(_worker: int = 0) -> None:
    """Drop what Pillow warns of, odd metadata and large scans, and Python of forked threads."""
    warnings.filterwarnings("ignore", module="PIL")
    warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)
