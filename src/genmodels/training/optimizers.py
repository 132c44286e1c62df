"""Optimisers by name, with fused kernels: one pass over the weights a step."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from genmodels.config.settings import Optimizer as Settings

Parameters = list[nn.Parameter]


def make(module: nn.Module, settings: Settings, device: torch.device) -> Optimizer:
    """Make the optimiser of a module.

    On CUDA the learning rate and the step counters are tensors on the device, so that a CUDA
    graph reads the present rate and advances the counters.
    """
    rate = torch.tensor(settings.lr, device=device) if device.type == "cuda" else settings.lr
    return OPTIMIZERS[settings.name](list(module.parameters()), rate, settings)


def _sgd(parameters: Parameters, rate: float | Tensor, settings: Settings) -> Optimizer:
    decay = settings.weight_decay
    return torch.optim.SGD(parameters, rate, settings.momentum, weight_decay=decay, fused=True)


def _adam(kind: type[torch.optim.Adam] | type[torch.optim.AdamW]) -> "Make":
    def made(parameters: Parameters, rate: float | Tensor, settings: Settings) -> Optimizer:
        return kind(
            parameters, rate, settings.betas, settings.eps, weight_decay=settings.weight_decay,
            fused=True, capturable=isinstance(rate, Tensor),
        )  # fmt: skip

    return made


Make = Callable[[Parameters, float | Tensor, Settings], Optimizer]
OPTIMIZERS: dict[str, Make] = {
    "adam": _adam(torch.optim.Adam),
    "adamw": _adam(torch.optim.AdamW),
    "sgd": _sgd,
}
