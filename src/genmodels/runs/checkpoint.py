"""One file without pickle that describes itself, with a hash that shows damage.

A checkpoint is a safetensors file: all tensors under ``model.*``, ``average.*`` and
``optimizer.<module>.*``, a JSON header with the resolved configuration, the image shape, the
step, the versions and the data's fingerprint, and a digest of both. Every verb after
``train`` needs nothing else. Nothing in it is executed when it is read.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from genmodels.errors import InputError, NotFinite
from genmodels.system import files

FORMAT = 3  # 1 had no digest, 2 one name for moments of a module and of one within it
HEADER, DIGEST = "genmodels", "sha256"


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds.

    Attributes:
        path: where it lies.
        header: the JSON header.
        tensors: every tensor by its full name, on the CPU.
    """

    path: Path
    header: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors below a prefix such as ``model.``, with the prefix cut off."""
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


def save(path: Path, tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> None:
    """Write a checkpoint durably, completely or not at all.

    Raises:
        Unwritable: the file cannot be written, for lack of space or of permission; what
            was there before is untouched.
        NotFinite: a number is NaN or infinite; nothing was written.
    """
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise NotFinite(f"{name} is not finite")
    text = json.dumps({"format": FORMAT, **header})
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {HEADER: text, DIGEST: _digest(text, plain)}
    files.write(path, safetensors.torch.save(plain, metadata))


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        InputError: the file is missing, damaged, of another program or of a newer format.
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
        raise _damaged(path, f"its header is not what was written: {error}") from None
    if version > FORMAT:
        raise InputError(
            f"{path} has format {version}, this version reads up to {FORMAT}; update genmodels"
        )
    if version > 1 and metadata.get(DIGEST) != _digest(metadata[HEADER], tensors):
        raise _damaged(path, "its bytes are not those that were written")
    return Checkpoint(path, header, tensors)


def peek(path: Path) -> Mapping[str, Any]:
    """Read a checkpoint's header alone, unchecked; empty where there is none to read."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})[HEADER])
    except (OSError, ValueError, KeyError, RecursionError, safetensors.SafetensorError):
        return {}
    return header if isinstance(header, dict) else {}


def _damaged(path: Path, reason: str) -> InputError:
    return InputError(f"checkpoint {path} cannot be read, it is damaged or incomplete ({reason})")


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    """Of the header and of every tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        described = f"\0{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0"
        digest.update(described.encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
