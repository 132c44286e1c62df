"""Adam and AdamW by PyTorch's fused kernel, called directly.

``torch.optim`` gathers its lists of tensors anew in every step, which takes as long as the
arithmetic of a small network, and it loads PyTorch's compiler, which takes a second. Here the
lists are made once. The numbers are those of ``torch.optim``, bit for bit.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

Mask = tuple[bool, ...]


class FusedAdam:
    """Adam of Kingma & Ba (2015), algorithm 1, or AdamW of Loshchilov & Hutter (2019).

    It has the attributes and methods of a ``torch.optim.Optimizer`` that the trainer and a loss
    scaler use.

    Args:
        parameters: to be trained, all on one device.
        rate: the learning rate; a tensor on the device for CUDA graphs, which read it there.
        betas: decay of the two moments, per step.
        eps: added to the denominator.
        weight_decay: added to the gradient as its share of the weight, or with ``decoupled``
            subtracted from the weight (AdamW).

    Attributes:
        param_groups: one group, whose ``lr`` may be changed between steps.
        state: parameter → ``step``, ``exp_avg`` and ``exp_avg_sq``, from its first gradient on.
    """

    # A loss scaler then leaves it to the kernel to unscale, and to skip a step with infinities.
    _step_supports_amp_scaling = True
    grad_scale: Tensor | None = None
    found_inf: Tensor | None = None

    def __init__(
        self,
        parameters: Sequence[nn.Parameter],
        rate: float | Tensor,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        decoupled: bool,
    ):
        self.parameters = list(parameters)
        self.param_groups: list[dict[str, Any]] = [{"params": self.parameters, "lr": rate}]
        self.state: dict[nn.Parameter, dict[str, Tensor]] = {}
        self.kernel: Callable[..., None] = torch._fused_adamw_ if decoupled else torch._fused_adam_
        self.options = {
            "beta1": betas[0],
            "beta2": betas[1],
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": False,
            "maximize": False,
        }
        self.lists: dict[Mask, tuple[list[Tensor], ...]] = {}  # by which gradients there are

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters that have a gradient."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        if not gradients:
            return
        mask = tuple(parameter.grad is not None for parameter in self.parameters)
        if mask not in self.lists:
            self.lists[mask] = self._lists(mask)
        weights, means, squares, steps = self.lists[mask]
        torch._foreach_add_(steps, 1)
        self.kernel(
            weights, gradients, means, squares, [], steps,
            lr=self.param_groups[0]["lr"],
            grad_scale=self.grad_scale, found_inf=self.found_inf, **self.options,
        )  # fmt: skip
        if self.found_inf is not None:  # 1 where the step was skipped
            torch._foreach_sub_(steps, [self.found_inf] * len(steps))

    def _lists(self, mask: Mask) -> tuple[list[Tensor], ...]:
        """Return weights, both moments and step counters of the parameters with a gradient."""
        chosen = [p for p, present in zip(self.parameters, mask, strict=True) if present]
        for parameter in chosen:
            if parameter not in self.state:
                self.state[parameter] = {
                    "step": torch.zeros((), device=parameter.device),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }
        entries = [self.state[parameter] for parameter in chosen]
        kept = [[entry[key] for entry in entries] for key in ("exp_avg", "exp_avg_sq", "step")]
        return ([p.detach() for p in chosen], *kept)

    def state_dict(self) -> dict[str, Any]:
        """Return the state by the number of the parameter, and the group."""
        numbers = {parameter: number for number, parameter in enumerate(self.parameters)}
        return {
            "state": {numbers[parameter]: entry for parameter, entry in self.state.items()},
            "param_groups": self.param_groups,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state that :meth:`state_dict` returned; the learning rate stays."""
        self.state = {
            self.parameters[number]: {
                key: value.to(self.parameters[number].device) for key, value in entry.items()
            }
            for number, entry in state_dict["state"].items()
        }
        self.lists.clear()
