"""The gradients of phases, from eager kernels or from compiled objectives."""

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from genmodels.data.images import Batch
from genmodels.models.base import Model, Phase
from genmodels.runs.manifest import Mode
from genmodels.system.device import Device
from genmodels.training.compiling import CompiledObjective, Gradients
from genmodels.training.execution import FAILURES, Execution, brief_reason
from genmodels.training.flops import Flops

TRIALS = 5  # runs of each way to compute a phase's gradients, of which the fastest counts


class PhaseGradients:
    """Computes the terms of phases, and the gradients of the modules that they train.

    The first run of a phase is eager, and its floating-point operations are counted. Before the
    second run its mode is decided, and stays for the rest of the training.

    Args:
        model: the model, on its device.
        device: the device and the precision.
        scaler: of the loss.
        execution: how steps run.

    Attributes:
        modes: phase → ``eager`` or ``compiled``, once decided.
        flops: phase → floating-point operations of one run, after its first run.
        notes: what could not be done as chosen, in sentences for the user.
    """

    def __init__(
        self, model: Model, device: Device, scaler: torch.amp.GradScaler, execution: Execution
    ):
        self.model, self.device, self.scaler, self.execution = model, device, scaler, execution
        self.modes: dict[str, Mode] = {}
        self.flops: dict[str, int] = {}
        self.notes: list[str] = []
        self.compiled: dict[str, CompiledObjective] = {}  # by phase

    def __call__(self, phase: Phase, parameters: list[nn.Parameter], batch: Batch) -> Gradients:
        """Return the terms of a phase, and a gradient or None for each parameter."""
        if phase.name not in self.flops:
            with Flops() as counted:
                gradients = self._eager(phase, parameters, batch)
            self.flops[phase.name] = counted.total
            return gradients
        if phase.name not in self.modes:
            self.modes[phase.name] = self._decide(phase, parameters, batch)
        elif self.modes[phase.name] == "compiled" and phase.name not in self.compiled:
            self._resume(phase, parameters, batch)
        if phase.name in self.compiled:
            return self.compiled[phase.name](batch)
        return self._eager(phase, parameters, batch)

    def _eager(self, phase: Phase, parameters: list[nn.Parameter], batch: Batch) -> Gradients:
        with self.device.autocast():
            terms = phase.objective(batch)
        loss = self.scaler.scale(terms["loss"])
        # Only the gradients of the phase's module are computed. The loss may depend on others.
        return terms, torch.autograd.grad(loss, parameters, allow_unused=True)

    def _decide(self, phase: Phase, parameters: list[nn.Parameter], batch: Batch) -> Mode:
        """Compile a phase if that was chosen; on trial only if it is then faster."""
        if self.execution.kind != "compiled":
            return "eager"
        try:
            compiled = self._compile(phase, parameters, batch)
        except FAILURES as error:
            self.notes.append(f"eager steps: this one cannot be compiled ({brief_reason(error)})")
            return "eager"
        if self.execution.on_trial:
            eager = self._seconds(lambda: self._eager(phase, parameters, batch))
            faster = self._seconds(lambda: compiled(batch))
            if faster >= eager:
                self.notes.append(
                    f"eager steps of {phase.name}: compiled ones are no faster here "
                    f"({1000 * faster:.3g} ms, eager {1000 * eager:.3g} ms)"
                )
                return "eager"
        self.compiled[phase.name] = compiled
        return "compiled"

    def _resume(self, phase: Phase, parameters: list[nn.Parameter], batch: Batch) -> None:
        """Compile a phase whose steps were compiled before the run was resumed."""
        try:
            self.compiled[phase.name] = self._compile(phase, parameters, batch)
        except FAILURES as error:
            self.modes[phase.name] = "eager"
            self.notes.append(
                f"eager steps of {phase.name} from here on, whose sums round otherwise: they were "
                f"compiled before, and here they cannot be ({brief_reason(error)})"
            )

    def _compile(
        self, phase: Phase, parameters: list[nn.Parameter], batch: Batch
    ) -> CompiledObjective:
        with torch.random.fork_rng(devices=[]), self.device.autocast():
            return CompiledObjective(self.model, phase.objective, parameters, batch)

    def _seconds(self, run: Callable[[], Gradients]) -> float:
        """Return the least time of a few runs, which leave no trace in the model."""
        buffers = list(self.model.buffers())
        before = [buffer.clone() for buffer in buffers]
        times = []
        with torch.random.fork_rng(devices=[]):
            for _ in range(TRIALS):
                began = time.perf_counter()
                run()
                self.device.synchronize()
                times.append(time.perf_counter() - began)
        with torch.no_grad():
            for buffer, values in zip(buffers, before, strict=True):
                buffer.copy_(values)
        return min(times)

    def restore(self, modes: Mapping[str, Mode] | None, flops: Mapping[str, int]) -> None:
        """Continue a training in the modes that it had.

        Checkpoints of earlier versions do not name them; their steps were eager unless the user
        asked for compiled ones.
        """
        if modes is None:
            modes = dict.fromkeys(flops, "eager") if self.execution.on_trial else {}
        self.modes, self.flops = dict(modes), dict(flops)
        self.compiled.clear()
        chosen = "compiled" if self.execution.kind == "compiled" else "eager"
        others = [f"{phase} {mode}" for phase, mode in modes.items() if mode != chosen]
        if others:
            self.notes.append(f"steps go on as they were before: {', '.join(others)}")


def with_strides_of(parameter: Tensor, values: Tensor) -> Tensor:
    """Return a gradient or a moment with the strides of its parameter.

    Fused optimisers ignore strides: they combine numbers that lie at the same place in memory.
    """
    if values.stride() == parameter.stride() or values.shape != parameter.shape:
        return values
    return torch.empty_like(parameter).copy_(values)
