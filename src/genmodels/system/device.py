"""The choice of a device and a precision, with the reasons that are printed."""

import os
import re
import shutil
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
    """A device and a precision, each with the reason of the choice.

    Attributes:
        device: the torch device.
        precision: ``fp32``, ``bf16`` or ``fp16``: the type of matrix products under autocast.
            Weights, losses and statistics are always float32.
        reasons: one sentence for the device, one for the precision.
    """

    device: torch.device
    precision: str
    reasons: tuple[str, str]

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the autocast context of this precision; it is switched off for fp32."""
        dtype = {"fp32": torch.bfloat16, "bf16": torch.bfloat16, "fp16": torch.float16}
        return torch.autocast(
            self.device.type, dtype[self.precision], enabled=self.precision != "fp32"
        )

    def scaler(self) -> torch.amp.GradScaler:
        """Make the loss scaler of a run. It does nothing unless the precision is fp16."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")

    def synchronize(self) -> None:
        """Wait until the device has finished its work. Call this before reading a clock."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def free_memory(self) -> int | None:
        """Return the bytes of free memory; None where the system does not report them."""
        if self.device.type == "cuda":
            return torch.cuda.mem_get_info(self.device)[0]
        available = _read_fields("/proc/meminfo").get("MemAvailable")
        return 1024 * int(available.split()[0]) if available else None

    def peak_memory(self) -> float | None:
        """Return the peak memory of the GPU, or of this process on a CPU, in MiB.

        It is None where the system does not report it.
        """
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device) / 2**20
        status = _read_fields("/proc/self/status").get("VmHWM")  # starts at 0 with each program
        if status or sys.platform == "win32":
            return int(status.split()[0]) / 2**10 if status else None
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _read_fields(path: str) -> dict[str, str]:
    """Read a system file with ``name: value`` lines; empty where there is no such file."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:
        return {}
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def choose(device: str = "auto", precision: str = "auto", number: int = 0) -> Device:
    """Choose where and how precisely to compute. This changes nothing in the process.

    Args:
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        precision: ``auto``, ``fp32``, ``bf16``, ``fp16``.
        number: the index of the GPU where ``device`` names none.

    Raises:
        InputError: the name is unknown, or this machine has no such device.
    """
    chosen_device, device_reason = _choose_device(device, number)
    chosen_precision, precision_reason = _choose_precision(precision, chosen_device)
    return Device(chosen_device, chosen_precision, (device_reason, precision_reason))


def _choose_device(name: str, number: int) -> tuple[torch.device, str]:
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


def _choose_precision(name: str, device: torch.device) -> tuple[str, str]:
    if name not in PRECISIONS:
        raise InputError(
            f"unknown precision {name!r}{nearest(name, PRECISIONS)}; use {', '.join(PRECISIONS)}"
        )
    if name != "auto":
        return name, f"{name}: asked for"
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16", "bf16: this GPU multiplies bf16 in hardware, and bf16 needs no loss scaling"
    return "fp32", f"fp32: exact, and the safe choice on {device.type}"


def cores() -> int:
    """Return the number of logical cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def physical_cores() -> int:
    """Return the number of physical cores that this process may use.

    Where the system does not report them, the logical cores are counted.
    """
    if sys.platform != "linux":
        return cores()
    place = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    try:
        found = {Path(place.format(n)).read_text() for n in os.sched_getaffinity(0)}
    except OSError:
        return cores()
    return len(found)


def multiplies_bf16() -> bool:
    """Return whether this processor multiplies bfloat16; others do it slower than float32."""
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe and probe())


def compiler() -> str | None:
    """Return the path of the C++ compiler that compiled steps need; None if there is none."""
    names = (os.environ.get("CXX"), "c++", "g++", "clang++")
    return next(filter(None, (shutil.which(name) for name in names if name)), None)
