"""One file without pickle that explains itself.

A checkpoint is a safetensors file: all tensors under ``model.*``, ``average.*`` and
``optimizer.<module>.*``, and a JSON header with the resolved configuration, the image
shape, the step, the versions and the data's fingerprint. Every verb after ``train`` needs
nothing else. Nothing in it is executed when it is read.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from genmodels.errors import InputError

FORMAT = 1
HEADER = "genmodels"


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
    """Write a checkpoint durably: whole under its name, or not at all.

    Raises:
        InputError: the file cannot be written, for lack of space or of permission; what
            was there before is untouched.
    """
    metadata = {HEADER: json.dumps({"format": FORMAT, **header})}
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write(path, safetensors.torch.save(plain, metadata))


def write(path: Path, content: bytes) -> None:
    """Write a file so that a crash at any instant leaves the old one or the new one.

    The bytes reach the disk under a temporary name before they take their own.

    Raises:
        InputError: as for :func:`save`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(
            f"{path} ({len(content) / 2**20:.1f} MiB) cannot be written: {error.strerror}; "
            "free space or choose another folder with --out"
        ) from None


def load(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        InputError: the file is missing, truncated, of another program or of a newer format.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(
            f"checkpoint {path} cannot be read, it is damaged or incomplete ({error}); "
            "delete it to go on from the one before"
        ) from None
    if HEADER not in metadata:
        raise InputError(f"{path} was not written by genmodels; give a run's folder")
    header = json.loads(metadata[HEADER])
    if header["format"] > FORMAT:
        raise InputError(
            f"{path} has format {header['format']}, this version reads up to {FORMAT}; "
            "update genmodels"
        )
    return Checkpoint(path, header, tensors)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
