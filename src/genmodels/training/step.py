"""How one training step runs: every phase that is due sees the same batch."""

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.flop_counter import FlopCounterMode

from genmodels import randomness
from genmodels.data.images import Batch
from genmodels.device import Device
from genmodels.errors import InputError
from genmodels.models.base import Model, Phase
from genmodels.settings import Optimizer as OptimizerSettings
from genmodels.settings import Schedule, Train
from genmodels.training.average import Average

WHOLE = "model"  # the name of a phase's module where that is the model itself


class Step:
    """One step of training: phases, optimisers, scaler and average.

    Args:
        model: on its device.
        train: the trainer's settings.
        seed: of the run.
        device: where and how precisely to compute.

    Raises:
        InputError: ``train.optimizers`` names a module that no phase trains.
    """

    def __init__(self, model: Model, train: Train, seed: int, device: Device):
        self.model, self.train, self.seed, self.device = model, train, seed, device
        self.phases = model.phases()
        names = {id(module): name or WHOLE for name, module in model.named_modules()}
        self.modules = {names[id(phase.module)]: phase.module for phase in self.phases}
        self.module_of = {phase.name: names[id(phase.module)] for phase in self.phases}
        self.parameters = {name: list(m.parameters()) for name, m in self.modules.items()}
        unknown = train.optimizers.keys() - self.modules.keys()
        if unknown:
            raise InputError(
                f"train.optimizers names {', '.join(sorted(unknown))}; "
                f"this model trains {', '.join(self.modules)}"
            )
        self.optimizers = {
            name: optimizer(module, train.optimizers.get(name, train.optimizer))
            for name, module in self.modules.items()
        }
        self.rates = {name: o.param_groups[0]["lr"] for name, o in self.optimizers.items()}
        self.scaler = device.scaler()
        self.average = Average(model, train.average) if train.average else None
        self.flops_of: dict[str, int] = {}  # phase → of one run of it, once it has run

    @property
    def flops(self) -> float:
        """Floating-point operations of products and convolutions in a step, all phases that
        have run, on average."""
        return sum(self.flops_of.get(phase.name, 0) / phase.every for phase in self.phases)

    def __call__(self, batch: Batch, step: int) -> dict[str, Tensor]:
        """Run the step numbered ``step``, counted from 0.

        Returns:
            ``<phase>.<term>`` → scalar on the device, for the phases that were due.
        """
        randomness.place(self.seed, "step", step, device=self.device.device)
        if self.train.schedule != Schedule():
            self._set_rates(step)
        terms: dict[str, Tensor] = {}
        for phase in self.phases:
            if (step + 1) % phase.every == 0:
                terms.update(self._learn(phase, batch))
        if self.average:
            self.average.update(self.model, step + 1)
        return terms

    def _learn(self, phase: Phase, batch: Batch) -> dict[str, Tensor]:
        name = self.module_of[phase.name]
        parameters, optimizer = self.parameters[name], self.optimizers[name]
        counter = None if phase.name in self.flops_of else FlopCounterMode(display=False)
        with counter or nullcontext():
            with self.device.autocast():
                terms = phase.objective(batch)
            loss = self.scaler.scale(terms["loss"])
            # Only the learning module's gradients are computed, whatever the loss ran through.
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        if counter:
            self.flops_of[phase.name] = counter.get_total_flops()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        if self.train.clip is not None:
            self.scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(parameters, self.train.clip)
        self.scaler.step(optimizer)
        self.scaler.update()
        return {f"{phase.name}.{term}": value.detach() for term, value in terms.items()}

    def _set_rates(self, step: int) -> None:
        factor = self.train.schedule.factor(step)
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = self.rates[name] * factor

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by its name in a checkpoint."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        if self.average:
            tensors |= {f"average.{name}": value for name, value in self.average.state.items()}
        for module, optimizer in self.optimizers.items():
            for name, parameter in self.modules[module].named_parameters():
                for key, value in optimizer.state.get(parameter, {}).items():
                    if value is not None:
                        tensors[f"optimizer.{module}.{name}.{key}"] = torch.as_tensor(value)
        for key, number in self.scaler.state_dict().items():
            tensors[f"scaler.{key}"] = torch.tensor(number, dtype=torch.float64)
        return tensors

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take over what :meth:`state` returned, of a run with the same settings."""
        self.model.load_state_dict(_below(tensors, "model."))
        if self.average:
            for name, value in _below(tensors, "average.").items():
                self.average.state[name].copy_(value)
        for module, optimizer in self.optimizers.items():
            state = {}
            for index, (name, _) in enumerate(self.modules[module].named_parameters()):
                entries = _below(tensors, f"optimizer.{module}.{name}.")
                if entries:
                    state[index] = entries
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})
        scaler = {key: value.item() for key, value in _below(tensors, "scaler.").items()}
        if scaler:
            whole = {"growth_interval", "_growth_tracker"}
            self.scaler.load_state_dict({k: int(v) if k in whole else v for k, v in scaler.items()})


def optimizer(module: nn.Module, settings: OptimizerSettings) -> Optimizer:
    """Make the optimiser of a module: fused kernels, one pass over the weights a step."""
    parameters, decay = list(module.parameters()), settings.weight_decay
    if settings.name == "sgd":
        return torch.optim.SGD(
            parameters, settings.lr, settings.momentum, weight_decay=decay, fused=True
        )
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings.name]
    first, second = settings.betas
    return kind(
        parameters, settings.lr, (first, second), settings.eps, weight_decay=decay, fused=True
    )


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
