"""What sees images: any network that turns them into features, known by its weights."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.errors import InputError
from genmodels.system.memory import Chunks

BLOCK = 500  # images at once


@dataclass(frozen=True)
class Features:
    """What an extractor saw.

    Attributes:
        values: (N, D), float64.
        labels: (N,), the class that each image looks like, or None where it knows no classes.
    """

    values: Tensor
    labels: Tensor | None

    def __getitem__(self, rows: Tensor | slice) -> "Features":
        return Features(self.values[rows], None if self.labels is None else self.labels[rows])


@dataclass(frozen=True)
class Extractor:
    """A way to see images.

    Attributes:
        name: ``domain``, ``random``, ``inception``, or a file's name.
        hash: of its weights, 16 hexadecimal digits.
        see: (B, C, H, W) in [0, 1] → features (B, D) and logits over the data's classes, or None.
    """

    name: str
    hash: str
    see: Callable[[Tensor], tuple[Tensor, Tensor | None]]

    @torch.no_grad()
    def __call__(self, blocks: Iterable[Tensor]) -> Features:
        """Extract the features of blocks of images, each (B, C, H, W) in [0, 1].

        Raises:
            InputError: images hold NaN or infinity.
        """
        values, labels = [], []
        chunks = Chunks(BLOCK, "extracting features")
        for block in blocks:
            for seen, logits in chunks.map(self.see, block):
                if not seen.isfinite().all():
                    raise InputError(
                        "images are not finite numbers, so they cannot be measured; the weights "
                        "that made them are broken: train again with a lower learning rate"
                    )
                values.append(seen.double().cpu())
                if logits is not None:
                    labels.append(logits.argmax(1).cpu())
        return Features(torch.cat(values), torch.cat(labels) if labels else None)


def hash_of(tensors: Mapping[str, Tensor]) -> str:
    """Sixteen hexadecimal digits of SHA-256 over names, shapes and bytes."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
