"""``python -m benchmarks.replicas``: many seeds side by side in one batched computation.

Replicas of the report's VAE are stacked and trained by ``torch.func``, each on images of its
own, in turn with a single one. What is printed is how many times one step of all costs one
step of one.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, stack_module_state, vmap

from genmodels import config
from genmodels.config import components
from genmodels.data.images import Batch
from genmodels.models.base import Model
from genmodels.system import device
from genmodels.system.tuning import tune_cpu


class _Loss(nn.Module):
    """A module whose ``forward`` is a model's only objective."""

    def __init__(self, model: Model):
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        return self.model.phases()[0].objective(Batch(images, None))["loss"]


def main() -> None:
    """Measure, and print the ratios."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replicas", description=__doc__)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    chosen = device.choose(options.device, "fp32")
    reasons = [*chosen.reasons, *tune_cpu(chosen)]
    size = (options.seeds, options.batch, 1, 28, 28)
    images = torch.rand(size, device=chosen.device)
    steps = {"all": _batched(images), "one": _single(images[0])}
    found = []
    for _ in range(options.rounds):
        seconds = {name: _seconds(step, chosen) for name, step in steps.items()}
        found.append(seconds["all"] / seconds["one"])
    print(f"{options.seeds} seeds cost {median(found):.1f} times one")
    print(f"range {min(found):.1f} to {max(found):.1f}, {'; '.join(reasons)}")


def _model(where: torch.device) -> _Loss:
    spec = config.read("report/vae.yaml").model
    model = components.build(spec, config.MODELS, image_shape=(1, 28, 28))
    return _Loss(model).to(where)


def _batched(images: Tensor) -> Callable[[], None]:
    models = [_model(images.device) for _ in images]
    stacked, buffers = stack_module_state(models)
    weights = {name: value.detach().requires_grad_() for name, value in stacked.items()}
    optimizer = torch.optim.Adam(list(weights.values()), fused=True)

    def loss(own: dict[str, Tensor], kept: dict[str, Tensor], batch: Tensor) -> Tensor:
        return functional_call(models[0], own | kept, (batch,))

    gradients = vmap(grad(loss), randomness="different")

    def step() -> None:
        for name, gradient in gradients(weights, buffers, images).items():
            weights[name].grad = gradient
        optimizer.step()

    return step


def _single(images: Tensor) -> Callable[[], None]:
    model = _model(images.device)
    weights = list(model.parameters())
    optimizer = torch.optim.Adam(weights, fused=True)

    def step() -> None:
        for weight, gradient in zip(
            weights, torch.autograd.grad(model(images), weights), strict=True
        ):
            weight.grad = gradient
        optimizer.step()

    return step


def _seconds(step: Callable[[], None], chosen: device.Device, times: int = 30) -> float:
    step()
    chosen.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        step()
    chosen.synchronize()
    return (time.perf_counter() - began) / times


if __name__ == "__main__":
    main()
