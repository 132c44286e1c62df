"""``python -m benchmarks.orders``: the order of channels in memory, of convolutional networks.

Each network runs forwards and backwards with all channels of a pixel together and with all
pixels of a channel together, in turns, on the CPU; printed is how many times as fast the
first order is than the second, median and range over the rounds.
"""

import argparse
import time
from collections.abc import Callable
from unittest import mock

import torch
from torch import Tensor

from benchmarks.turns import ratio
from genmodels.networks import Conv, Network, Residual, UNet, layers, unet

SHAPES = [(1, 28, 28), (3, 64, 64)]
NETWORKS: list[Network] = [Conv(), Conv(normalization="batch"), Residual(16)]
LATENTS = 64
COUNT = 3  # runs of a turn


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orders", description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    for shape in SHAPES:
        for name, step in steps(shape, options.batch).items():
            turns = [(_rate(step, torch.channels_last), _rate(step, torch.contiguous_format))
                     for _ in range(options.rounds)]  # fmt: skip
            median, least, most = ratio(*zip(*turns, strict=True))
            print(f"{name}, {shape}: {median:.2f} ({least:.2f} to {most:.2f})", flush=True)


def steps(shape: tuple[int, int, int], batch: int) -> dict[str, Callable[[], object]]:
    """Yield a forward and backward pass for each network."""
    latents, images, times = (
        torch.randn(batch, LATENTS),
        torch.rand(batch, *shape),
        torch.rand(batch),
    )
    found = {}
    for network in NETWORKS:
        found[f"decoder of {network}"] = _both_ways(network.decoder(LATENTS, shape), latents)
        found[f"encoder of {network}"] = _both_ways(network.encoder(shape, 1), images)
    found[f"{UNet()}"] = _both_ways(UNet().vector_field(shape), images, times)
    return found


def _both_ways(module: torch.nn.Module, *inputs: Tensor) -> Callable[[], object]:
    parameters = list(module.parameters())
    return lambda: torch.autograd.grad(module(*inputs).square().mean(), parameters)


def _rate(step: Callable[[], object], order: torch.memory_format) -> float:
    """Return runs per second, without the first."""
    with mock.patch.object(layers, "ORDER", order), mock.patch.object(unet, "ORDER", order):
        step()
        began = time.perf_counter()
        for _ in range(COUNT):
            step()
        return COUNT / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
