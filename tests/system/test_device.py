"""Devices and precisions: what is chosen, and why."""

import pytest
import torch

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


@pytest.mark.skipif(not hasattr(torch.cpu, "get_capabilities"), reason="newer versions of PyTorch")
def test_bf16_products_are_those_that_pytorch_reports() -> None:
    reported = torch.cpu.get_capabilities().get("avx512_bf16", False)
    assert device.multiplies_bf16() == bool(reported)
