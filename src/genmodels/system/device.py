"""Where and how precisely to compute: chosen once, with a reason that is printed."""

import re
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from genmodels.errors import InputError, nearest

DEVICES = ["auto", "cpu", "cuda", "mps"]
PRECISIONS = ["auto", "fp32", "bf16", "fp16"]


@dataclass(frozen=True)
class Device:
    """A device and a precision, each with the reason it was chosen.

    Attributes:
        device: the torch device.
        precision: ``fp32``, ``bf16`` or ``fp16``: the type of matrix products under
            autocast; weights, losses and statistics are always float32.
        reasons: one sentence for the device, one for the precision.
    """

    device: torch.device
    precision: str
    reasons: tuple[str, str]

    def autocast(self) -> AbstractContextManager[Any]:
        """The autocast context of this precision; switched off for fp32."""
        dtype = {"fp32": torch.bfloat16, "bf16": torch.bfloat16, "fp16": torch.float16}
        return torch.autocast(
            self.device.type, dtype[self.precision], enabled=self.precision != "fp32"
        )

    def scaler(self) -> torch.amp.GradScaler:
        """The one loss scaler of a run; it does nothing unless the precision is fp16."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")

    def synchronize(self) -> None:
        """Wait until the device has done what it was given; clocks are read after this."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def free_memory(self) -> int | None:
        """Bytes that may still be taken; None where the system does not tell."""
        if self.device.type == "cuda":
            return torch.cuda.mem_get_info(self.device)[0]
        available = _lines("/proc/meminfo").get("MemAvailable")
        return 1024 * int(available.split()[0]) if available else None

    def peak_memory(self) -> float | None:
        """MiB that the GPU, or else this process, has held at most; None where the system
        does not tell."""
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**20
        status = _lines("/proc/self/status").get("VmHWM")  # which starts anew with a program
        if status or sys.platform == "win32":
            return int(status.split()[0]) / 2**10 if status else None
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _lines(path: str) -> dict[str, str]:
    """A file of the system with ``name: value`` lines; empty where there is none."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def choose(device: str = "auto", precision: str = "auto", number: int = 0) -> Device:
    """Choose where to compute.

    Args:
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        precision: ``auto``, ``fp32``, ``bf16``, ``fp16``.
        number: of the GPU that is taken where none is named.

    Raises:
        InputError: an unknown name, or a device this machine does not have.
    """
    chosen, why = _device(device, number)
    kind, because = _precision(precision, chosen)
    return Device(chosen, kind, (why, because))


def _device(name: str, number: int) -> tuple[torch.device, str]:
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        if cuda:
            return torch.device("cuda", number), f"cuda: found {torch.cuda.get_device_name(number)}"
        if mps:
            return torch.device("mps"), "mps: found Apple's GPU"
        return torch.device("cpu"), f"cpu: no GPU found, threads: {torch.get_num_threads()}"
    if name == "cpu":
        return torch.device("cpu"), f"cpu: asked for, threads: {torch.get_num_threads()}"
    if name == "mps":
        if not mps:
            raise InputError("device 'mps' is not present on this machine; use auto or cpu")
        return torch.device("mps"), "mps: asked for"
    match = re.fullmatch(r"cuda(?::(\d+))?", name)
    if not match:
        raise InputError(
            f"unknown device {name!r}{nearest(name, DEVICES)}; use auto, cpu, cuda, cuda:1 or mps"
        )
    index, found = int(match[1] or number), torch.cuda.device_count() if cuda else 0
    if index >= found:
        has = f"{found} CUDA device(s), cuda:0 to cuda:{found - 1}" if found else "no CUDA device"
        raise InputError(f"device {name!r} is not present: this machine has {has}; use auto or cpu")
    return torch.device("cuda", index), f"{name}: asked for, {torch.cuda.get_device_name(index)}"


def _precision(name: str, device: torch.device) -> tuple[str, str]:
    if name not in PRECISIONS:
        raise InputError(
            f"unknown precision {name!r}{nearest(name, PRECISIONS)}; use {', '.join(PRECISIONS)}"
        )
    if name != "auto":
        return name, f"{name}: asked for"
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16", "bf16: this GPU multiplies bf16 in hardware, and bf16 needs no loss scaling"
    return "fp32", f"fp32: exact, and the safe choice on {device.type}"


def multiplies_bf16() -> bool:
    """Whether this processor has products of bfloat16: on others they are slower than float32."""
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe and probe())
