"""Settings of the process that make training on a CPU faster."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from genmodels.errors import InputError
from genmodels.system import waiting
from genmodels.system.device import Device, cores

FLOAT32_ERROR = 1e-6  # largest relative error of a product of 784 terms
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
LARGEST_BLOCK, LARGEST_REST = 32 << 20, 1 << 30  # bytes


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Let PyTorch compute with a number of CPU threads inside a ``with`` block.

    Args:
        count: None leaves the number as it is.

    Raises:
        InputError: there are more threads than cores that this process may use.
    """
    if count is not None and count > cores():
        have = f"{cores()} cores" if cores() > 1 else "1 core"
        fitting = f"1 to {cores()}" if cores() > 1 else "1"
        raise InputError(
            f"`threads={count}`: this process may use {have}, and more threads than cores are "
            f"slower; give {fitting}"
        )
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def tune_cpu(device: Device) -> tuple[str, ...]:
    """Tune this process for computations on a CPU; do nothing for another device.

    The settings last as long as the process. Further calls have the same result.

    Args:
        device: where the process will compute, and how precisely.

    Returns:
        One sentence for each setting that was made, for the user and for the run's folder.
    """
    if device.device.type != "cpu":
        return ()
    made = [_keep_freed_memory()]
    if device.precision == "fp32":
        made.append(_multiply_with_onednn())
    if torch.get_num_threads() > 1:
        made.append(waiting.described())
    return tuple(sentence for sentence in made if sentence)


def _multiply_with_onednn() -> str:
    """Let oneDNN multiply where it is as exact as the default library.

    The precision "medium" allows bfloat16 products. Some processors still compute in float32,
    only faster. So one product is compared with float64: the relative error of float32 is about
    3e-7, that of bfloat16 about 2e-3.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, generator=generator) for size in [(128, 784), (784, 400)])
    exact = a.double() @ b.double()
    error = ((a @ b - exact).norm() / exact.norm()).item()
    if error < FLOAT32_ERROR:
        return f"matrix products: by oneDNN, relative error {error:.0e}"
    torch.set_float32_matmul_precision(before)
    return ""


def _keep_freed_memory() -> str:
    """Let glibc keep freed memory for the next step.

    By default it returns large blocks to the system at once. The next step then takes a page
    fault for each of their pages: 700 a step of the report's GAN at batch 128, a tenth of its
    time.
    """
    if platform.libc_ver()[0] != "glibc":
        return ""
    try:
        set_option = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return ""
    done = set_option(M_MMAP_THRESHOLD, LARGEST_BLOCK) and set_option(
        M_TRIM_THRESHOLD, LARGEST_REST
    )
    return "memory: glibc keeps freed blocks for the next step" if done else ""
