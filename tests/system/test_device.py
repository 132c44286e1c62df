"""Devices and precisions: what is chosen, and why."""

from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels.errors import InputError
from genmodels.system import device


def test_choices_have_reasons() -> None:
    chosen = device.choose("cpu", "fp32")
    assert chosen.device == torch.device("cpu")
    assert chosen.reasons[0].startswith("cpu: asked for")
    assert chosen.reasons[1].startswith("fp32: asked for")
    auto = device.choose()
    assert all(": " in reason for reason in auto.reasons)
    if not torch.cuda.is_available() and not torch.backends.mps.is_available():
        assert (auto.device.type, auto.precision) == ("cpu", "fp32")


@pytest.mark.parametrize(
    ("name", "precision", "said"),
    [
        ("gpu", "auto", "unknown device 'gpu'"),
        ("cdua", "auto", "did you mean 'cuda'"),
        ("cuda:99", "auto", "'cuda:99' is not present"),
        ("cpu", "fp8", r"unknown precision 'fp8'.*fp32, bf16, fp16"),
    ],
)
def test_what_is_refused(name: str, precision: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        device.choose(name, precision)


def test_the_scaler_is_off_unless_fp16() -> None:
    assert not device.choose("cpu", "bf16").scaler().is_enabled()
    assert not device.choose("cpu", "fp32").scaler().is_enabled()


def test_float32_products_are_float32_products() -> None:
    device.choose("cpu", "fp32")
    for rows, inner, columns in [(64, 784, 400), (128, 400, 784), (100, 100, 256), (7, 1024, 1)]:
        a, b = torch.randn(rows, inner), torch.randn(inner, columns)
        exact = a.double() @ b.double()
        assert (a @ b - exact).norm() / exact.norm() < 5e-6  # bfloat16 errs by 2e-3


def test_a_processor_that_rounds_products_keeps_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.set_float32_matmul_precision("highest")
    product = torch.Tensor.__matmul__

    def rounded(a: Tensor, b: Tensor) -> Any:
        fast = torch.get_float32_matmul_precision() == "medium" and a.dtype == torch.float32
        return product(a.bfloat16(), b.bfloat16()).float() if fast else product(a, b)

    monkeypatch.setattr(torch.Tensor, "__matmul__", rounded)
    assert "oneDNN" not in device.choose("cpu", "fp32").reasons[1]
    assert torch.get_float32_matmul_precision() == "highest"
