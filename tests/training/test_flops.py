"""Arithmetic is counted as PyTorch's own counter does."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from genmodels.training.flops import Flops

NETWORKS = {
    "linear": (nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3)), (5, 12)),
    "convolutions": (
        nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 1, 4, stride=2)),
        (5, 2, 8, 8),
    ),
    "attention": (nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), (5, 6, 8)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_equal_those_of_the_public_counter(name: str) -> None:
    network, shape = NETWORKS[name]
    inputs = torch.randn(shape)

    def step() -> Any:
        loss = network(inputs).square().sum()
        torch.autograd.grad(loss, list(network.parameters()))

    with FlopCounterMode(display=False) as public:
        step()
    with Flops() as counted:
        step()
    assert counted.total == public.get_total_flops() > 0


def test_gradients_of_gradients_are_counted() -> None:
    weight = torch.randn(4, 4, requires_grad=True)
    inputs = torch.randn(2, 4, requires_grad=True)
    with Flops() as counted:
        (gradient,) = torch.autograd.grad((inputs @ weight).sum(), inputs, create_graph=True)
        torch.autograd.grad(gradient.square().sum(), weight)
    assert counted.total == 3 * 2 * 2 * 4 * 4  # forward, first and second gradient
