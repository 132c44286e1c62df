"""How one training step runs: every phase that is due sees the same batch."""

from collections import Counter

import torch
from torch import Tensor, nn

from genmodels.config.settings import Schedule, Train
from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.models.base import Model, Phase, phases_of
from genmodels.runs.checkpoint import EMA_PREFIX
from genmodels.system import randomness
from genmodels.system.device import Device
from genmodels.system.distributed import ALONE, Ranks
from genmodels.training import optimizers
from genmodels.training.capture import WARM_UP, Recorded
from genmodels.training.compiling import Compiled, Gradients
from genmodels.training.ema import EMA
from genmodels.training.execution import EAGER, Execution
from genmodels.training.flops import Flops

WHOLE = "model"  # the name of a phase's module where that is the model itself
BETWEEN = 200  # steps at most between two looks at their terms
FAILURES = (RuntimeError, NotImplementedError, OSError)  # of compilers and graphs


class Step:
    """One step of training: phases, optimisers, loss scaler and EMA.

    Args:
        model: on its device.
        train: the trainer's settings.
        seed: of the run.
        device: where and how precisely to compute.
        execution: how steps run.
        ranks: the processes that train together; gradients are means over all, and so are
            buffers after each step, such as the statistics of a batch.

    Attributes:
        notes: what the user should know, one sentence each.

    Raises:
        InputError: ``train.optimizers`` names a module that no phase trains, or the phases
            are not what :func:`~genmodels.models.base.phases_of` takes.
    """

    def __init__(
        self,
        model: Model,
        train: Train,
        seed: int,
        device: Device,
        execution: Execution = EAGER,
        ranks: Ranks = ALONE,
    ):
        self.model, self.train, self.seed, self.device = model, train, seed, device
        self.ranks = ranks
        self.phases = phases_of(model)
        names = {id(module): name or WHOLE for name, module in model.named_modules()}
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
            name: optimizers.make(
                module, train.optimizers.get(name, train.optimizer), device.device
            )
            for name, module in self.modules.items()
        }
        self.rates = {name: float(o.param_groups[0]["lr"]) for name, o in self.optimizers.items()}
        self.slowed = 1.0
        self.scaler = device.scaler()
        self.ema = EMA(model, train.ema) if train.ema else None
        self.flops_of: dict[str, int] = {}  # phase → of one run of it, once it has run
        self.kind, self.notes = execution.kind, [execution.why]
        self.compiled: dict[str, Compiled] = {}
        self.recorded: dict[tuple[str, ...], Recorded] = {}  # by the phases that are due
        self.runs: Counter[tuple[str, ...]] = Counter()
        self.names_of: dict[tuple[str, ...], list[str]] = {}
        self.history: list[tuple[int, dict[str, Tensor]]] = []

    @property
    def flops(self) -> float:
        """Floating-point operations of products and convolutions in a step, all phases that
        have run, on average."""
        return sum(self.flops_of.get(phase.name, 0) / phase.every for phase in self.phases)

    def __call__(self, batch: Batch, step: int) -> None:
        """Run the step numbered ``step``, counted from 0."""
        randomness.place(self.seed, "step", step, self.ranks.rank, self.device.device)
        if self.train.schedule != Schedule():
            self._set_rates(self.slowed * self.train.schedule.factor(step))
        if self.ema:
            self.ema.move_to(step + 1)
        due = tuple(phase.name for phase in self.phases if (step + 1) % phase.every == 0)
        if self.kind == "captured" and due not in self.recorded and self.runs[due] >= WARM_UP:
            self._record(due, batch)
        if due in self.recorded:
            self.recorded[due](batch, step)
        else:
            terms = self._run(due, batch)
            self.history.append((step, terms))
            self.runs[due] += 1
            self.names_of[due] = list(terms)

    def collect(self) -> list[tuple[int, dict[str, Tensor]]]:
        """Each step since the last call with its terms: ``<phase>.<term>`` → scalar."""
        found, self.history = self.history, []
        for recorded in self.recorded.values():
            found += recorded.collect()
        return sorted(found, key=lambda entry: entry[0])

    def _run(self, due: tuple[str, ...], batch: Batch) -> dict[str, Tensor]:
        terms: dict[str, Tensor] = {}
        for phase in self.phases:
            if phase.name in due:
                terms.update(self._learn(phase, batch))
        self.ranks.mean(self.buffers)
        if self.ema:
            self.ema.update(self.model)
        return terms

    def _learn(self, phase: Phase, batch: Batch) -> dict[str, Tensor]:
        name = self.module_of[phase.name]
        parameters, optimizer = self.parameters[name], self.optimizers[name]
        terms, gradients = self._gradients(phase, batch)
        self.ranks.mean([gradient for gradient in gradients if gradient is not None])
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = None if gradient is None else _in_order_of(parameter, gradient)
        if self.train.clip is not None:
            self.scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(parameters, self.train.clip)
        self.scaler.step(optimizer)
        self.scaler.update()
        if phase.constrain:
            phase.constrain()
        return {f"{phase.name}.{term}": value.detach() for term, value in terms.items()}

    def _gradients(self, phase: Phase, batch: Batch) -> Gradients:
        """A phase's terms, and the gradients of what it trains; the first run is counted."""
        if phase.name not in self.flops_of:
            with Flops() as counted:
                found = self._eagerly(phase, batch)
            self.flops_of[phase.name] = counted.total
            return found
        if self.kind == "compiled" and phase.name not in self.compiled:
            self._compile(phase, batch)
        if phase.name in self.compiled:
            return self.compiled[phase.name](batch)
        return self._eagerly(phase, batch)

    def _eagerly(self, phase: Phase, batch: Batch) -> Gradients:
        with self.device.autocast():
            terms = phase.objective(batch)
        loss = self.scaler.scale(terms["loss"])
        # Only the learning module's gradients are computed, whatever the loss ran through.
        parameters = self.parameters[self.module_of[phase.name]]
        return terms, torch.autograd.grad(loss, parameters, allow_unused=True)

    def _compile(self, phase: Phase, batch: Batch) -> None:
        parameters = self.parameters[self.module_of[phase.name]]
        state = torch.get_rng_state()  # compiling draws numbers, training goes on without them
        try:
            with self.device.autocast():
                self.compiled[phase.name] = Compiled(self.model, phase.objective, parameters, batch)
        except FAILURES as error:
            self._go_eagerly("compiled", error)
        torch.set_rng_state(state)

    def _record(self, due: tuple[str, ...], batch: Batch) -> None:
        try:
            self.recorded[due] = Recorded(
                lambda b: self._run(due, b), batch, self.names_of[due], BETWEEN
            )
        except FAILURES as error:
            self._go_eagerly("captured", error)

    def _go_eagerly(self, asked: str, error: BaseException) -> None:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        self.kind = "eager"
        self.notes.append(f"eager steps: this one cannot be {asked} ({reason})")

    def slow_down(self, factor: float) -> None:
        """Multiply every learning rate that the settings give from now on."""
        self.slowed = factor
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
        """Bytes of all tensors of :meth:`state` once training is under way, and of the weights
        and the EMA weights alone."""
        count = 2 if self.ema else 1
        weights = count * sum(value.nbytes for value in self.model.state_dict().values())
        moments = 0
        for name, parameters in self.parameters.items():
            settings = self.train.optimizers.get(name, self.train.optimizer)
            kept = 2 if settings.name != "sgd" else int(settings.momentum > 0)
            moments += kept * sum(parameter.nbytes for parameter in parameters)
        return weights + moments, weights

    def state(self) -> dict[str, Tensor]:
        """Every tensor that the next step depends on, by its name in a checkpoint."""
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
        """Take over what :meth:`state` returned, of a run with the same settings."""
        self.recorded.clear()  # optimisers get other tensors than were recorded
        self.runs.clear()
        self.model.load_state_dict(_below(tensors, "model."))
        if self.ema:
            for name, value in _below(tensors, EMA_PREFIX).items():
                self.ema.state[name].copy_(value)
        for module, optimizer in self.optimizers.items():
            state = {}
            for index, (name, parameter) in enumerate(self.modules[module].named_parameters()):
                # One module may lie within another, so before format 3 two could share a name.
                entries = _below(tensors, f"optimizer.{module}/{name}.") or _below(
                    tensors, f"optimizer.{module}.{name}."
                )
                if entries:  # copies, since an optimiser takes over what it is given
                    state[index] = {
                        key: _in_order_of(parameter, value).clone()
                        for key, value in entries.items()
                    }
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})
        scaler, present = _below(tensors, "scaler."), self.scaler.state_dict()
        if scaler:
            self.scaler.load_state_dict({k: type(v)(scaler[k].item()) for k, v in present.items()})


def _in_order_of(parameter: Tensor, values: Tensor) -> Tensor:
    """A gradient or a moment in its parameter's order in memory: fused optimisers take each
    number for that of the parameter's at the same place, whatever the strides say."""
    if values.stride() == parameter.stride() or values.shape != parameter.shape:
        return values
    return torch.empty_like(parameter).copy_(values)


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
