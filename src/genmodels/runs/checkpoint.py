"""Checkpoints: self-describing safetensors files with a hash.

A checkpoint has all tensors under ``model.*``, ``average.*`` (the EMA weights) and
``optimizer.<module>.*``. Its JSON header has the resolved configuration, the image shape, the
step, the versions and the data's fingerprint. It has a hash of both. Commands other than
``train`` need no other file. Reading it executes no code.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from genmodels.config.number_types import Json
from genmodels.errors import InputError, NotFinite
from genmodels.runs.manifest import Header
from genmodels.system import files

FORMAT = 3  # 1 had no hash; in 2, a module and its part could have moments of the same name
HEADER, DIGEST = "genmodels", "sha256"
EMA_PREFIX = "average."  # of the names of EMA weights; part of the format


Head = TypeVar("Head", bound=Mapping[str, object])


@dataclass(frozen=True)
class TensorFile(Generic[Head]):
    """The content of a file of tensors.

    Attributes:
        path: of the file.
        header: the JSON header.
        tensors: all tensors by their full name, on the CPU.
    """

    path: Path
    header: Head
    tensors: Mapping[str, Tensor]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors whose names have a prefix such as ``model.``, without the prefix."""
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


Checkpoint = TensorFile[Header]  # of a run: its header was checked


def save(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, object]) -> None:
    """Write a checkpoint durably, completely or not at all.

    Raises:
        Unwritable: the file cannot be written, for lack of space or of permission. An existing
            file is unchanged.
        NotFinite: a number is NaN or infinite. Nothing was written.
    """
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise NotFinite(f"{name} is not finite")
    text = json.dumps({"format": FORMAT, **header})
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {HEADER: text, DIGEST: _digest(text, plain)}
    files.write(path, safetensors.torch.save(plain, metadata))


def load(path: Path) -> TensorFile[dict[str, Json]]:
    """Read a checkpoint, or another file that :func:`save` wrote.

    Raises:
        InputError: the file is missing or damaged, was written by another program, or has a
            newer format.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise _damaged(path, str(error)) from None
    if HEADER not in metadata:
        raise InputError(f"{path} was not written by genmodels; give a run's folder")
    try:
        header = json.loads(metadata[HEADER])
        version = header["format"]
        if not isinstance(version, int) or version < 1:
            raise ValueError(f"format {version!r}")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _damaged(path, f"its header is not valid: {error}") from None
    if version > FORMAT:
        raise InputError(
            f"{path} has format {version}, this version reads up to {FORMAT}; update genmodels"
        )
    if version > 1 and metadata.get(DIGEST) != _digest(metadata[HEADER], tensors):
        raise _damaged(path, "its content does not match its hash")
    return TensorFile(path, header, tensors)


def peek(path: Path) -> Mapping[str, Json]:
    """Read only the header of a checkpoint, without checks; empty if it cannot be read."""
    try:
        header = json.loads(_metadata(path)[HEADER])
    except (ValueError, KeyError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def digest(path: Path) -> str | None:
    """Return the hash in a checkpoint, without checks; None in format 1 or if it is damaged."""
    return _metadata(path).get(DIGEST)


def _metadata(path: Path) -> Mapping[str, str]:
    """Return the metadata of a file; empty if it cannot be read."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return file.metadata() or {}
    except (OSError, ValueError, safetensors.SafetensorError):
        return {}


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(f"checkpoint {path} cannot be read, it is damaged or incomplete ({reason})")


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Return the hash of the header and of each tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        described = f"\0{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0"
        digest.update(described.encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
