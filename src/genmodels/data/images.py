"""A data set: one uint8 table of images, their labels, and the row numbers of each split.

Every named set and every folder of pictures becomes an :class:`Images`.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

TRAIN, VALIDATION, TEST = "train", "validation", "test"

ReportProgress = Callable[[str, int, int], None]  # (what, done, total)


def silent(what: str, done: int, total: int) -> None:
    """Do nothing; a :data:`ReportProgress`."""


@dataclass(frozen=True)
class Batch:
    """The input of a model's objective.

    Attributes:
        images: (B, C, H, W), float32 in [0, 1].
        labels: (B,), int64, or None for a set without labels.
    """

    images: Tensor
    labels: Tensor | None = None

    def to(self, device: torch.device) -> "Batch":
        """Copy the batch to a device."""
        labels = None if self.labels is None else self.labels.to(device)
        return Batch(self.images.to(device), labels)


@dataclass(frozen=True, repr=False)
class Images:
    """One table of images with its splits.

    Attributes:
        name: the name of the set, or the absolute path of the folder.
        table: (N, C, H, W), uint8; in memory, or memory-mapped.
        splits: ``train``, ``validation`` and ``test`` → row numbers, int64, disjoint.
            ``validation`` and ``test`` may be empty.
        labels: (N,), int64, or None.
        classes: name of each label; empty without labels.
        notes: messages to the user about how the set was loaded, one sentence each.
        mapped: whether the table is a memory-mapped file.
        own_validation: whether the validation split is that of the data, and stays.
        each: for a set whose channels are images of another set, that set. The label of an
            image then consists of the labels of its channels, in order.
    """

    name: str
    table: Tensor
    splits: Mapping[str, Tensor]
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    mapped: bool = False
    own_validation: bool = False
    each: "Images | None" = field(default=None, compare=False)

    def __repr__(self) -> str:
        counts = ", ".join(f"{self.count(split):,} {split}" for split in self.splits)
        return f"<Images {self.name}: {'x'.join(map(str, self.image_shape))}, {counts}>"

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""
        channels, height, width = self.table.shape[1:]
        return channels, height, width

    def count(self, split: str) -> int:
        """Count the images of a split."""
        return len(self.splits[split])

    @property
    def class_shares(self) -> tuple[float, ...]:
        """Share of each class in the training images; empty without labels."""
        if self.labels is None:
            return ()
        counts = torch.bincount(self.labels[self.splits[TRAIN]], minlength=len(self.classes))
        return tuple((counts / counts.sum().clamp(min=1)).tolist())

    @property
    def learnable_classes(self) -> int:
        """The number of classes that a classifier can learn; 0 without two or more."""
        return len(self.classes) if self.labels is not None and len(self.classes) > 1 else 0

    def batch(self, rows: Tensor) -> Batch:
        """Return rows of the table as a batch, on the table's device."""
        images = self.table.index_select(0, rows).float().div_(255)
        return Batch(images, None if self.labels is None else self.labels.index_select(0, rows))

    def batches(self, split: str, size: int) -> Iterator[Batch]:
        """Yield the batches of a split in order. The last batch may be smaller."""
        rows = self.splits[split]
        for start in range(0, len(rows), size):
            yield self.batch(rows[start : start + size])

    def to(self, device: torch.device | str) -> "Images":
        """Copy table, labels and splits to a device."""
        labels = None if self.labels is None else self.labels.to(device)
        splits = {name: rows.to(device) for name, rows in self.splits.items()}
        return replace(self, table=self.table.to(device), labels=labels, splits=splits)

    def in_memory(self) -> "Images":
        """Copy a mapped table into memory."""
        return replace(self, table=self.table.clone(), mapped=False)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of pixels, labels and the test split.

        Scores on data sets with equal fingerprints are comparable. The validation split does not
        count, because it changes no score on the test split.
        """
        digest = hashlib.sha256(repr(tuple(self.table.shape)).encode())
        for part in (self.table, self.labels, self.splits[TEST]):
            if part is not None:
                digest.update(np.ascontiguousarray(part.cpu().numpy()).data)
        return digest.hexdigest()

    def with_validation(self, share: float) -> "Images":
        """Hold out about ``share`` of the training and validation images for validation.

        The split of an image depends on its pixels alone (:func:`positions`). So new images do
        not change the split of others, and equal images are in the same split. Data with a
        validation split of their own keep it.
        """
        if self.own_validation:
            return self
        rows = torch.cat([self.splits[TRAIN], self.splits[VALIDATION]]).sort().values
        if share == 0:
            held_out = torch.zeros(len(rows), dtype=torch.bool)
        else:
            held_out = positions(self.table, rows, "validation") < share
        splits = {**self.splits, TRAIN: rows[~held_out], VALIDATION: rows[held_out]}
        return replace(self, splits=splits)


def positions(table: Tensor, rows: Tensor, purpose: str) -> Tensor:
    """Return a position in [0, 1) for each row, by a hash of its pixels and the purpose.

    Returns:
        (len(rows),), float64. Rows whose position is below the requested share are held out.
    """
    pixels = table.numpy()
    key = purpose.encode()

    def digests(part: Tensor) -> bytes:
        parts = (np.ascontiguousarray(pixels[row]).data for row in part.tolist())
        return b"".join(hashlib.blake2b(p, digest_size=8, key=key).digest() for p in parts)

    with ThreadPoolExecutor() as pool:  # hashing releases the interpreter's lock
        numbers = np.frombuffer(b"".join(pool.map(digests, rows.split(1024))), dtype="<u8")
    return torch.from_numpy((numbers >> np.uint64(11)).astype(np.float64) / 2**53)


def first_rows(blocks: Iterable[Tensor], count: int) -> Tensor:
    """Return the first ``count`` rows of blocks (n, …) as one tensor; no further block is made."""
    kept: list[Tensor] = []
    for block in blocks:
        kept.append(block[: count - sum(map(len, kept))])
        if sum(map(len, kept)) >= count:
            break
    return torch.cat(kept)
