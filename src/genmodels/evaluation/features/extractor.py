"""Feature extractors, identified by a hash of their weights."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.errors import InputError
from genmodels.system.memory import Chunks

BLOCK = 500  # images in a block


@dataclass(frozen=True)
class Features:
    """The features of images.

    Attributes:
        values: (N, D), float64.
        labels: (N,), the predicted class of each image; None if the extractor has no classes.
    """

    values: Tensor
    labels: Tensor | None

    def __getitem__(self, rows: Tensor | slice) -> "Features":
        return Features(self.values[rows], None if self.labels is None else self.labels[rows])


@dataclass(frozen=True)
class Extractor:
    """A function from images to features.

    Attributes:
        name: such as ``domain``, or a file's name.
        hash: of its weights, and of what else its features depend on; 16 hexadecimal digits.
        extract: (B, C, H, W) in [0, 1] → features (B, D), and logits (B, K) over the classes of
            the data set or None.
    """

    name: str
    hash: str
    extract: Callable[[Tensor], tuple[Tensor, Tensor | None]]

    @torch.no_grad()
    def __call__(self, blocks: Iterable[Tensor]) -> Features:
        """Extract the features of blocks of images, each (B, C, H, W) in [0, 1].

        Raises:
            InputError: a feature is NaN or infinite.
        """
        values, labels = [], []
        chunks = Chunks(BLOCK, "extracting features")
        for block in blocks:
            for features, logits in chunks.map(self.extract, block):
                if not features.isfinite().all():
                    raise InputError(
                        "the images are not finite numbers, so they cannot be evaluated; train "
                        "the model that made them again with a lower learning rate"
                    )
                values.append(features.double().cpu())
                if logits is not None:
                    labels.append(logits.argmax(1).cpu())
        return Features(torch.cat(values), torch.cat(labels) if labels else None)


def extract_all(extractors: Sequence[Extractor], blocks: Iterable[Tensor]) -> list[Features]:
    """Extract several kinds of features of the same blocks, one block in memory at a time.

    Raises:
        InputError: a feature is NaN or infinite.
    """
    by_block = [[each([block]) for each in extractors] for block in blocks]
    return [_joined(parts) for parts in zip(*by_block, strict=True)]


def _joined(parts: Sequence[Features]) -> Features:
    labels = [part.labels for part in parts if part.labels is not None]
    return Features(torch.cat([p.values for p in parts]), torch.cat(labels) if labels else None)


def hash_of(tensors: Mapping[str, Tensor]) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of all names, shapes and bytes."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
