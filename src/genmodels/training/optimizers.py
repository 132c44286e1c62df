"""Optimisers by name, with fused kernels: one pass over the weights a step."""

from collections.abc import Callable, MutableMapping
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from genmodels.config.settings import Optimizer as Settings
from genmodels.training.fused_adam import FusedAdam

Parameters = list[nn.Parameter]


class AnyOptimizer(Protocol):
    """What the trainer uses of an optimiser; those of ``torch.optim`` have it."""

    param_groups: list[dict[str, Any]]

    @property
    def state(self) -> MutableMapping[Any, Any]:
        """Parameter → tensors by name."""

    def step(self) -> Any:
        """Update the parameters by their gradients."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state by the number of the parameter, and the groups."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over such a state."""


def make(module: nn.Module, settings: Settings, device: torch.device) -> AnyOptimizer:
    """Make the optimiser of a module.

    On CUDA the learning rate and the step counters are tensors on the device, so that a CUDA
    graph reads the present rate and advances the counters.
    """
    rate = torch.tensor(settings.lr, device=device) if device.type == "cuda" else settings.lr
    return OPTIMIZERS[settings.name](list(module.parameters()), rate, settings)


def slowed(settings: Settings, extra: float) -> Settings:
    """Return the settings of an Adam that makes more updates than its learning rate is for.

    A lazy phase updates a module between the steps. Rate and decay are corrected so that the sum
    of all updates, and the time over which moments are averaged, stay as they are without it
    (Karras et al., 2020, https://arxiv.org/abs/1912.04958, appendix B): with c = 1 / (1 + extra),
    the rate is multiplied by c, and betas become their c-th power. Updates of SGD grow with their
    gradients, so it needs no correction.

    Args:
        settings: of the optimiser.
        extra: lazy updates for each of the others; 1/16 for one in 16 steps.
    """
    if settings.name == "sgd":
        return settings
    share = 1 / (1 + extra)
    first, second = settings.betas
    return settings.model_copy(
        update={"lr": settings.lr * share, "betas": (first**share, second**share)}
    )


def _sgd(parameters: Parameters, rate: float | Tensor, settings: Settings) -> AnyOptimizer:
    decay = settings.weight_decay
    return torch.optim.SGD(parameters, rate, settings.momentum, weight_decay=decay, fused=True)


def _adam(decoupled: bool) -> "Make":
    def made(parameters: Parameters, rate: float | Tensor, settings: Settings) -> AnyOptimizer:
        return FusedAdam(
            parameters, rate, settings.betas, settings.eps, settings.weight_decay, decoupled
        )

    return made


Make = Callable[[Parameters, float | Tensor, Settings], AnyOptimizer]
OPTIMIZERS: dict[str, Make] = {
    "adam": _adam(decoupled=False),
    "adamw": _adam(decoupled=True),
    "sgd": _sgd,
}
