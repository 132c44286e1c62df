"""Parallel decoding of pictures, with one process on each core.

Threads are not enough: two of them decode small pictures only 1.2 times as fast as one, because
half of the work holds the interpreter's lock.
"""

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
from genmodels.data.images import ReportProgress
from genmodels.errors import InputError, first_of, readable_name
from genmodels.system import device as devices

CHUNK = 2**20  # bytes of a table in one chunk
AHEAD = 4  # decoded chunks that each worker may have waiting
SHARE = 512  # fewest pictures for each worker
SHOWN = 5  # broken pictures named in one message


@dataclass(frozen=True)
class Pictures:
    """The pictures of a table, and how to decode them.

    Attributes:
        folder: an absolute path.
        files: paths below the folder, in the order of the table's rows.
        image_size: height and width. None keeps the size of the pictures if all have the same
            size, at most ``tables.LARGEST``; otherwise it means ``tables.SIZE``.
        channels, fit: as for :func:`genmodels.data.decoding.decode`.
    """

    folder: Path
    files: Sequence[str]
    image_size: int | None
    channels: Channels
    fit: Fit


class Broken(InputError):
    """Some pictures of a folder cannot be read.

    Attributes:
        files: path below the folder → reason.
        what: how many cannot be read, and why.
    """

    def __init__(self, folder: Path, files: Mapping[str, str], total: int):
        if len(files) == total:
            which, todo = f"none of the {total:,} pictures in {folder} can be read", "replace them"
        else:
            which = f"{len(files):,} of {total:,} pictures in {folder} cannot be read"
            todo = "replace or remove them, or leave them out with `on_bad=skip`"
        self.what = f"{which}: {listed(files)}"
        super().__init__(f"{self.what}; {todo}")
        self.files = files


def listed(files: Mapping[str, str]) -> str:
    """List the first broken pictures with their reasons, and count the rest."""
    return first_of([f"{readable_name(file)}: {wrong}" for file, wrong in files.items()], SHOWN)


class Colour(Exception):
    """A picture has colour, but all earlier ones were grey."""


def rows(size: tuple[int, int]) -> int:
    """Return the number of pictures in a chunk."""
    return max(1, CHUNK // (3 * size[0] * size[1]))


class _Chunks(Dataset[tuple[np.ndarray, dict[str, str]]]):
    """Chunks of pictures, (n, C, H, W), with the reason for each broken picture, by path.

    With ``auto``, C is 3 if any picture of the chunk has colour; grey ones are then left out.
    """

    def __init__(
        self, pictures: Pictures, first: int, size: tuple[int, int], channels: Channels
    ) -> None:
        self.pictures, self.size, self.channels = pictures, size, channels
        step, total = rows(size), len(pictures.files)
        self.parts = [range(start, min(start + step, total)) for start in range(first, total, step)]

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
        kept = [array for array in arrays if len(array) == planes]
        return np.asarray(kept, np.uint8).reshape(-1, planes, *self.size), problems


def decode(
    pictures: Pictures,
    first: int,
    size: tuple[int, int],
    channels: Channels,
    progress: ReportProgress,
) -> Iterator[np.ndarray]:
    """Yield chunks (n, C, H, W) of pictures, in order.

    After a broken picture nothing more is yielded. The others are still decoded, so that the
    error names all broken ones.

    Args:
        pictures: what to decode.
        first: index of the first file to decode.
        size: (height, width).
        channels: as for :func:`genmodels.data.decoding.decode`.
        progress: called with (what, done, total), in pictures.

    Raises:
        Colour: ``channels`` is ``auto``, and a picture has colour.
        Broken: pictures cannot be read.
        RuntimeError: a worker has ended.
    """
    chunks = _Chunks(pictures, first, size, channels)
    total = len(pictures.files)
    workers = min(devices.cores(), (total - first) // SHARE)
    parallel: dict[str, Any] = {}
    if workers > 1:  # a single one would be slower than no worker
        # Forked workers lack PyTorch's threads, which decoding does not need.
        fork = "fork" if sys.platform == "linux" else None
        parallel = {
            "num_workers": workers,
            "prefetch_factor": AHEAD,
            "multiprocessing_context": fork,
        }
    problems: dict[str, str] = {}
    with warnings.catch_warnings():
        quiet()
        # The workers' seed is drawn from this generator, not from the user's global one.
        loader = DataLoader(
            chunks,
            batch_size=None,
            collate_fn=_as_is,
            worker_init_fn=quiet,
            generator=torch.Generator(),
            **parallel,
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


def quiet(_worker: int = 0) -> None:
    """Ignore Pillow's warnings about metadata and large pictures, and Python's about forks."""
    warnings.filterwarnings("ignore", module="PIL")
    warnings.filterwarnings("ignore", ".*multi-threaded, use of fork", DeprecationWarning)
