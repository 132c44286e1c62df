"""The fused Adam against the one of ``torch.optim``."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from genmodels.training.fused_adam import FusedAdam

SETTINGS = {"betas": (0.5, 0.99), "eps": 1e-7, "weight_decay": 0.1}


def layers() -> tuple[nn.Linear, nn.Linear]:
    """Return two equal layers."""
    one, other = nn.Linear(7, 5), nn.Linear(7, 5)
    other.load_state_dict(one.state_dict())
    return one, other


def give_gradients(step: int, *modules: nn.Linear) -> None:
    """Give equal gradients to all; every third step the bias has none."""
    generator = torch.Generator().manual_seed(step)
    for values in zip(*(module.parameters() for module in modules), strict=True):
        gradient = torch.randn(values[0].shape, generator=generator)
        for value in values:
            value.grad = None if value.dim() == 1 and step % 3 == 0 else gradient.clone()


def equal(one: nn.Module, other: nn.Module) -> bool:
    return all(map(torch.equal, one.parameters(), other.parameters()))


@pytest.mark.parametrize("decoupled", [False, True])
def test_it_equals_the_public_one_bit_for_bit(decoupled: bool) -> None:
    mine, theirs = layers()
    adam = FusedAdam(list(mine.parameters()), 1e-2, decoupled=decoupled, **SETTINGS)  # type: ignore[arg-type]
    public = torch.optim.AdamW if decoupled else torch.optim.Adam
    reference = public(theirs.parameters(), 1e-2, fused=True, **SETTINGS)  # type: ignore[arg-type]
    for step in range(20):
        if step == 10:
            adam.param_groups[0]["lr"] = reference.param_groups[0]["lr"] = 3e-3
        give_gradients(step, mine, theirs)
        adam.step()
        reference.step()
        assert equal(mine, theirs)
    for parameter, other in zip(mine.parameters(), theirs.parameters(), strict=True):
        assert adam.state[parameter].keys() == reference.state[other].keys()
        for key, value in adam.state[parameter].items():
            assert torch.equal(value, reference.state[other][key]), key


def test_its_state_continues_another() -> None:
    first, second = layers()
    whole = FusedAdam(list(first.parameters()), 1e-2, decoupled=False, **SETTINGS)  # type: ignore[arg-type]
    for step in range(1, 6):
        give_gradients(step, first)
        whole.step()
    second.load_state_dict(first.state_dict())
    resumed = FusedAdam(list(second.parameters()), 1e-2, decoupled=False, **SETTINGS)  # type: ignore[arg-type]
    copies = {
        number: {key: value.clone() for key, value in entry.items()}
        for number, entry in whole.state_dict()["state"].items()
    }
    resumed.load_state_dict({"state": copies, "param_groups": []})
    for step in range(6, 9):
        give_gradients(step, first, second)
        whole.step()
        resumed.step()
        assert equal(first, second)


def test_a_scaler_lets_it_skip_a_step_with_infinities() -> None:
    layer, _ = layers()
    adam = FusedAdam(list(layer.parameters()), 1e-2, decoupled=False, **SETTINGS)  # type: ignore[arg-type]
    before = [parameter.clone() for parameter in layer.parameters()]
    give_gradients(1, layer)
    adam.grad_scale, adam.found_inf = torch.tensor(4.0), torch.tensor(1.0)
    adam.step()
    assert all(map(torch.equal, layer.parameters(), before))
    assert adam.state[adam.parameters[0]]["step"] == 0
    adam.found_inf = torch.tensor(0.0)
    assert layer.weight.grad is not None
    layer.weight.grad, scaled = layer.weight.grad * 4, layer.weight.grad
    adam.step()
    expected: Tensor = 0.5 * (scaled + 0.1 * before[0])
    torch.testing.assert_close(adam.state[adam.parameters[0]]["exp_avg"], expected)


def test_nothing_happens_without_gradients() -> None:
    layer, _ = layers()
    adam = FusedAdam(list(layer.parameters()), 1e-2, decoupled=False, **SETTINGS)  # type: ignore[arg-type]
    adam.step()
    assert adam.state == {}


@pytest.mark.slow
def test_training_does_not_load_the_compiler(tmp_path: Path) -> None:
    # It takes a second, in every training.
    code = (
        "import sys, genmodels\n"
        "genmodels.train('vae.yaml', data='glyphs', steps=2, out='run', device='cpu', quiet=True)\n"
        "print([name for name in sys.modules if name.startswith('torch._dynamo')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"
