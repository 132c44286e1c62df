"""Sources of training batches: a table on the device, or a memory-mapped table.

A table that is too large for memory is read from disk. A thread reads the rows of the next
batches while a training step runs.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from genmodels.data.images import Batch, Images
from genmodels.errors import readable_size

Placement = Literal["auto", "resident", "mapped"]
LARGEST_SHARE = 0.5  # of the free memory for a table; models and evaluation need the rest
AHEAD = 2  # batches fetched in advance


class Feed(Protocol):
    """A source of training batches.

    Attributes:
        images: the table that evaluation reads.
        why: the place of the table and the reason for it, in one line.
    """

    @property
    def images(self) -> Images: ...  # noqa: D102

    @property
    def why(self) -> str: ...  # noqa: D102

    def batches(self, rows: Tensor, size: int) -> Iterator[Batch]:
        """Yield ``rows`` in batches of ``size``, on the device."""
        ...


def choose(images: Images, placement: Placement, device: torch.device, free: int | None) -> Feed:
    """Return the source of training batches: the table on the device, or memory-mapped.

    Args:
        images: the loaded set.
        placement: ``resident``, ``mapped``, or ``auto``: resident if there is enough memory.
        device: of the model.
        free: bytes of free memory on the device; None if unknown.
    """
    total = images.table.nbytes
    table = f"images: {readable_size(total)}"
    fits = free is None or total <= LARGEST_SHARE * free
    if placement == "resident" or (placement == "auto" and fits):
        moved = images.to(device)
        if images.mapped and device.type == "cpu":
            moved = images.in_memory()
        return Resident(moved, f"{table} on {device.type}")
    reason = "asked for" if placement == "mapped" else f"{readable_size(free or 0)} are free"
    return Mapped(images, f"{table} mapped and fetched in advance, {reason}", device)


@dataclass(frozen=True)
class Resident:
    """A table on the device."""

    images: Images
    why: str

    def batches(self, rows: Tensor, size: int) -> Iterator[Batch]:
        """Yield ``rows`` in batches of ``size``."""
        for start in range(0, len(rows), size):
            yield self.images.batch(rows[start : start + size])


@dataclass(frozen=True)
class Mapped:
    """A table in memory or on disk, whose rows are copied to the device for each batch."""

    images: Images
    why: str
    device: torch.device
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "fetch"))

    def batches(self, rows: Tensor, size: int) -> Iterator[Batch]:
        """Yield ``rows`` in batches of ``size``, while the next batches are fetched."""
        parts = iter(rows.split(size))
        waiting: deque[tuple[Tensor, Future[Tensor]]] = deque()
        for part in parts:
            waiting.append((part, self.pool.submit(self._fetch, part)))
            if len(waiting) > AHEAD:
                yield self._batch(*waiting.popleft())
        while waiting:
            yield self._batch(*waiting.popleft())

    def _fetch(self, rows: Tensor) -> Tensor:
        """Copy rows with numpy, which releases the interpreter's lock and starts no threads."""
        fetched = torch.from_numpy(np.take(self.images.table.numpy(), rows.numpy(), axis=0))
        return fetched.pin_memory() if self.device.type == "cuda" else fetched

    def _batch(self, rows: Tensor, fetched: Future[Tensor]) -> Batch:
        table = fetched.result().to(self.device, non_blocking=True)
        labels = self.images.labels
        chosen = None if labels is None else labels.index_select(0, rows).to(self.device)
        return Batch(table.float().div_(255), chosen)
