"""The hardware, and the speed of its matrix products as a limit of training speed."""

import platform
import time
from typing import Any

import torch

from genmodels.system.device import Device
from genmodels.system.provenance import versions

SIZE = 2048  # of the square matrices: 48 MiB, and 17 billion operations


def hardware() -> dict[str, Any]:
    """Describe the hardware and the versions of libraries."""
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "versions": versions(),
    }


class Limit:
    """Products of large square float32 matrices, by the library that genmodels chooses."""

    def __init__(self, device: Device) -> None:
        self.device = device
        generator = torch.Generator().manual_seed(0)
        self.a, self.b = torch.randn(2, SIZE, SIZE, generator=generator).to(device.device)

    def rate(self, seconds: float) -> float:
        """Return floating-point operations per second."""
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            torch.mm(self.a, self.b)
            self.device.synchronize()
            count += 1
        return 2 * SIZE**3 * count / (time.perf_counter() - began)


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
        return names[0] if names else platform.machine()
    except OSError:
        return platform.processor() or platform.machine()
