"""One training step: every phase that is due trains on the same batch."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn

from genmodels.config.settings import Optimizer, Schedule, Train
from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.models.base import Model, Phase, phases_of
from genmodels.runs.checkpoint import EMA_PREFIX
from genmodels.system import randomness
from genmodels.system.device import Device
from genmodels.system.distributed import SINGLE, Processes
from genmodels.training import optimizers, schedule
from genmodels.training.capture import WARM_UP, CapturedStep
from genmodels.training.ema import EMA
from genmodels.training.execution import EAGER, FAILURES, Execution, brief_reason
from genmodels.training.gradients import PhaseGradients, with_strides_of

MODEL_ITSELF = "model"  # the module name of a phase that trains the complete model
MAX_UNCOLLECTED = 200  # largest number of steps between two calls of ``collect``


class Step:
    """One step of training: phases, optimisers, loss scaler and EMA.

    Args:
        model: the model, on its device.
        train: the settings of the trainer.
        seed: the seed of the run.
        device: the device and the precision.
        execution: how steps run.
        processes: the processes that train together. Gradients are means over all processes,
            and so are buffers after each step, such as batch statistics.

    Raises:
        InputError: ``train.optimizers`` names a module that no phase trains, or the phases
            are refused by :func:`~genmodels.models.base.phases_of`.
    """

    def __init__(
        self,
        model: Model,
        train: Train,
        seed: int,
        device: Device,
        execution: Execution = EAGER,
        processes: Processes = SINGLE,
    ):
        self.model, self.train, self.seed, self.device = model, train, seed, device
        self.processes = processes
        self.phases = phases_of(model)
        names = {id(module): name or MODEL_ITSELF for name, module in model.named_modules()}
        self.modules = {names[id(phase.module)]: phase.module for phase in self.phases}
        self.module_of = {phase.name: names[id(phase.module)] for phase in self.phases}
        self.parameters = {name: list(m.parameters()) for name, m in self.modules.items()}
        self.buffers = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
        unknown = train.optimizers.keys() - self.modules.keys()
        if unknown:
            raise InputError(
                f"train.optimizers names {', '.join(sorted(unknown))}; "
                f"this model trains {', '.join(self.modules)}"
            )
        self.optimizers = {
            name: optimizers.make(module, self._settings(name), device.device)
            for name, module in self.modules.items()
        }
        self.rates = {name: float(o.param_groups[0]["lr"]) for name, o in self.optimizers.items()}
        self.rate_notes: list[str] = []
        self.rate_factor, self.scheduled = 1.0, train.schedule != Schedule()
        self.scaler = device.scaler()
        self.ema = EMA(model, train.ema) if train.ema else None
        self.gradients = PhaseGradients(model, device, self.scaler, execution)
        self.captures, self.capture_notes = execution.kind == "captured", [execution.why]
        self.captured: dict[tuple[str, ...], CapturedStep] = {}  # by the phases that are due
        self.eager_runs: Counter[tuple[str, ...]] = Counter()
        self.term_names: dict[tuple[str, ...], list[str]] = {}
        self.history: list[tuple[int, dict[str, Tensor]]] = []

    @property
    def notes(self) -> list[str]:
        """How steps run, in sentences for the user."""
        return [*self.rate_notes, *self.capture_notes, *self.gradients.notes]

    @property
    def flops(self) -> float:
        """The mean number of floating-point operations of a step.

        Products and convolutions are counted, of the phases that have run.
        """
        return sum(self.gradients.flops.get(phase.name, 0) / phase.every for phase in self.phases)

    def __call__(self, batch: Batch, step: int) -> None:
        """Run the step numbered ``step``, counted from 0."""
        randomness.place(self.seed, "step", step, self.processes.rank, self.device.device)
        if self.scheduled:
            self._set_rates(self.rate_factor * schedule.factor(self.train.schedule, step))
        if self.ema:
            self.ema.set_share(step + 1)
        due = tuple(phase.name for phase in self.phases if (step + 1) % phase.every == 0)
        if self.captures and due not in self.captured and self.eager_runs[due] >= WARM_UP:
            self._capture(due, batch)
        if due in self.captured:
            self.captured[due](batch, step)
        else:
            terms = self._run_phases(due, batch)
            self.history.append((step, terms))
            self.eager_runs[due] += 1
            self.term_names[due] = list(terms)

    def collect(self) -> list[tuple[int, dict[str, Tensor]]]:
        """Return each step since the last call with its terms: ``<phase>.<term>`` → scalar."""
        collected, self.history = self.history, []
        for captured in self.captured.values():
            collected += captured.collect()
        return sorted(collected, key=lambda entry: entry[0])

    def _given(self, module: str) -> Optimizer:
        """Return the settings that are given for a module's optimiser."""
        return self.train.optimizers.get(module, self.train.optimizer)

    def _settings(self, module: str) -> Optimizer:
        """Return the settings of a module's optimiser, slowed for its lazy phases."""
        settings = self._given(module)
        updates = {False: 0.0, True: 0.0}
        for phase in self.phases:
            if self.module_of[phase.name] == module:
                updates[phase.lazy] += 1 / phase.every
        return optimizers.slowed(settings, updates[True] / updates[False])

    def _run_phases(self, due: tuple[str, ...], batch: Batch) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        for phase in self.phases:
            if phase.name in due:
                terms.update(self._update(phase, batch))
        self.processes.mean(self.buffers)
        if self.ema:
            self.ema.update(self.model)
        return terms

    def _update(self, phase: Phase, batch: Batch) -> dict[str, Tensor]:
        name = self.module_of[phase.name]
        parameters = self.parameters[name]
        # The scaler uses nothing but what all our optimisers have.
        optimizer = cast(torch.optim.Optimizer, self.optimizers[name])
        terms, gradients = self.gradients(phase, parameters, batch)
        self.processes.mean([gradient for gradient in gradients if gradient is not None])
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = None if gradient is None else with_strides_of(parameter, gradient)
        if self.train.clip is not None:
            self.scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(parameters, self.train.clip)
        self.scaler.step(optimizer)
        self.scaler.update()
        if phase.constrain:
            phase.constrain()
        return {f"{phase.name}.{term}": value.detach() for term, value in terms.items()}

    def _capture(self, due: tuple[str, ...], batch: Batch) -> None:
        try:
            self.captured[due] = CapturedStep(
                lambda b: self._run_phases(due, b), batch, self.term_names[due], MAX_UNCOLLECTED
            )
        except FAILURES as error:
            self.captures = False
            self.capture_notes.append(
                f"eager steps: this one cannot be captured ({brief_reason(error)})"
            )

    def compare_rates(self, saved: Mapping[str, float] | None) -> None:
        """Note where learning rates are others than those of the checkpoint that is restored.

        Checkpoints of earlier versions do not name them: lazy phases slowed no optimiser.
        """
        if saved is None:
            saved = {name: self._given(name).lr for name in self.rates}
        self.rate_notes = [
            f"learning rate of {name}: {saved[name]:.4g} so far, {rate:.4g} from now on, with "
            "betas to match: earlier versions did not slow Adam for lazy phases"
            for name, rate in self.rates.items()
            if name in saved and not math.isclose(rate, saved[name], rel_tol=1e-5)
        ]

    def scale_rates(self, factor: float) -> None:
        """Multiply every learning rate of the settings by a factor, from now on."""
        self.rate_factor = factor
        self._set_rates(factor)

    def _set_rates(self, factor: float) -> None:
        for name, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                if isinstance(group["lr"], Tensor):
                    group["lr"].fill_(self.rates[name] * factor)
                else:
                    group["lr"] = self.rates[name] * factor

    @property
    def sizes(self) -> tuple[int, int]:
        """The bytes of all tensors of :meth:`state`, and of the weights and EMA weights alone.

        The tensors of the optimisers are included before the first step makes them.
        """
        copies = 2 if self.ema else 1
        weights = copies * sum(value.nbytes for value in self.model.state_dict().values())
        moments = 0
        for name, parameters in self.parameters.items():
            settings = self._settings(name)
            moments_of_each = 2 if settings.name != "sgd" else int(settings.momentum > 0)
            moments += moments_of_each * sum(parameter.nbytes for parameter in parameters)
        return weights + moments, weights

    def state(self) -> dict[str, Tensor]:
        """Return every tensor that the next step depends on, by its name in a checkpoint."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        if self.ema:
            tensors |= {f"{EMA_PREFIX}{name}": value for name, value in self.ema.state.items()}
        for module, optimizer in self.optimizers.items():
            for name, parameter in self.modules[module].named_parameters():
                for key, value in optimizer.state.get(parameter, {}).items():
                    if value is not None:
                        tensors[f"optimizer.{module}/{name}.{key}"] = torch.as_tensor(value)
        for key, number in self.scaler.state_dict().items():
            tensors[f"scaler.{key}"] = torch.tensor(number, dtype=torch.float64)
        return tensors

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Restore the tensors that :meth:`state` returned in a run with the same settings."""
        self.captured.clear()  # the optimisers get new tensors, which the graphs do not know
        self.eager_runs.clear()
        self.model.load_state_dict(_below(tensors, "model."))
        if self.ema:
            for name, value in _below(tensors, EMA_PREFIX).items():
                self.ema.state[name].copy_(value)
        for module, optimizer in self.optimizers.items():
            state = {}
            for index, (name, parameter) in enumerate(self.modules[module].named_parameters()):
                # Before format 3 names had a dot here, and those of nested modules could be equal.
                entries = _below(tensors, f"optimizer.{module}/{name}.") or _below(
                    tensors, f"optimizer.{module}.{name}."
                )
                if entries:  # copied, because an optimiser keeps the tensors that it is given
                    state[index] = {
                        key: with_strides_of(parameter, value).clone()
                        for key, value in entries.items()
                    }
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})
        scaler, present = _below(tensors, "scaler."), self.scaler.state_dict()
        if scaler:
            self.scaler.load_state_dict({k: type(v)(scaler[k].item()) for k, v in present.items()})


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors below a prefix, with the prefix removed."""
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
