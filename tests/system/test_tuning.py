"""What changes the process for a CPU: one function, which says what it did."""

import platform
import subprocess
import sys
from typing import Any

import pytest
import torch

from genmodels.errors import InputError
from genmodels.system import device, tuning
from genmodels.system.tuning import tune_cpu

# Blocks of this size are mapped one by one, unless glibc was told to keep freed memory.
COUNT_MAPPED = """
import ctypes

class Usage(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]

libc = ctypes.CDLL("libc.so.6")
libc.mallinfo2.restype = Usage
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]

def maps_a_large_block():
    before = libc.mallinfo2().hblks
    libc.malloc(31 << 20)
    return libc.mallinfo2().hblks > before

import torch
from genmodels.errors import InputError
from genmodels.system import device, tuning
from genmodels.system.tuning import tune_cpu
precision = torch.get_float32_matmul_precision()
chosen = device.choose("cpu", "fp32")
assert maps_a_large_block(), "choosing changed how memory is freed"
assert torch.get_float32_matmul_precision() == precision, "choosing changed products"
said = tune_cpu(chosen)
assert any("glibc" in sentence for sentence in said) != maps_a_large_block(), said
"""


@pytest.fixture(autouse=True)
def precision_of_products() -> Any:
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)


def has_mallinfo2() -> bool:
    library, version = platform.libc_ver()
    return library == "glibc" and tuple(map(int, version.split("."))) >= (2, 33)


@pytest.mark.skipif(not has_mallinfo2(), reason="memory is counted by glibc 2.33 or newer")
def test_choosing_changes_nothing_and_tuning_keeps_freed_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT_MAPPED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("precision", device.PRECISIONS)
def test_choosing_changes_no_products(precision: Any) -> None:
    for before in ("highest", "high"):
        torch.set_float32_matmul_precision(before)
        device.choose("cpu", precision)
        device.choose("auto", precision)
        assert torch.get_float32_matmul_precision() == before


def test_tuning_says_what_it_did_and_is_idempotent() -> None:
    torch.set_float32_matmul_precision("highest")
    chosen = device.choose("cpu", "fp32")
    said = tune_cpu(chosen)
    settings = torch.get_float32_matmul_precision()
    assert (settings == "medium") == any("oneDNN" in sentence for sentence in said)
    assert tune_cpu(chosen) == said
    assert torch.get_float32_matmul_precision() == settings


def test_products_of_other_precisions_and_devices_are_left_alone() -> None:
    torch.set_float32_matmul_precision("highest")
    assert not any("oneDNN" in sentence for sentence in tune_cpu(device.choose("cpu", "bf16")))
    gpu = device.Device(torch.device("cuda", 0), "fp32", ("", ""))
    assert tune_cpu(gpu) == ()
    assert torch.get_float32_matmul_precision() == "highest"


def test_float32_products_are_float32_products() -> None:
    tune_cpu(device.choose("cpu", "fp32"))
    for rows, inner, columns in [(64, 784, 400), (128, 400, 784), (100, 100, 256), (7, 1024, 1)]:
        a, b = torch.randn(rows, inner), torch.randn(inner, columns)
        exact = a.double() @ b.double()
        assert (a @ b - exact).norm() / exact.norm() < 5e-6  # bfloat16 errs by 2e-3


def test_a_processor_that_rounds_products_keeps_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.set_float32_matmul_precision("highest")
    product = torch.Tensor.__matmul__

    def rounded(a: Any, b: Any) -> Any:
        fast = torch.get_float32_matmul_precision() == "medium" and a.dtype == torch.float32
        return product(a.bfloat16(), b.bfloat16()).float() if fast else product(a, b)

    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert not any("oneDNN" in said for said in tune_cpu(device.choose("cpu", "fp32")))
    assert torch.get_float32_matmul_precision() == "highest"


def test_threads_are_those_of_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "cores", lambda: 2)
    before = torch.get_num_threads()
    with tuning.threads(2):
        assert torch.get_num_threads() == 2
        assert device.choose("cpu").reasons[0] == "cpu: asked for, threads: 2"
        with tuning.threads(None):
            assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == before


def test_a_process_has_no_more_threads_than_cores() -> None:
    before, cores = torch.get_num_threads(), device.cores()
    refusal = rf"threads={cores + 1}.*may use {cores} .*1 to {cores}"
    with pytest.raises(InputError, match=refusal), tuning.threads(cores + 1):
        pass
    assert torch.get_num_threads() == before
