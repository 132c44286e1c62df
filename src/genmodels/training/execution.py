"""The choice how steps run. It depends on the machine and on what there is to compute."""

from dataclasses import dataclass
from typing import Literal

from genmodels.errors import InputError
from genmodels.models.base import Model, phases_of
from genmodels.system.device import Device, compiler

Kind = Literal["eager", "compiled", "captured"]
FEW_STEPS = 100  # recording a graph takes about as long as this many steps
RATE = 1e11  # operations a second, of two cores
# Measured by benchmarks.compiling on one thread of a Zen 4: small networks of 12 tensors take 14 to
# 21 s to compile, and the steps of four presets then take 0.74 to 0.86 of the time.
COMPILE_SECONDS, SECONDS_OF_A_TENSOR = 10.0, 0.75  # in all, and for each tensor of weights
SAVED = 0.2  # share of a training's time that compiled steps save
FAILURES = (RuntimeError, NotImplementedError, OSError)  # errors of compilers and CUDA graphs


@dataclass(frozen=True)
class Work:
    """What a training computes, as far as it is known before the first step.

    Attributes:
        steps: their number; None where the limit is a time.
        budget: the limit in seconds; None where it is a number of steps.
        tensors: number of tensors of weights.
        products: at least this many products of a weight and an input are in a forward pass of
            all phases, for all images of a step; in a convolution there are more.
    """

    steps: int | None
    budget: float | None
    tensors: int
    products: int

    @classmethod
    def of(cls, model: Model, images: int, steps: int | None, budget: float | None) -> "Work":
        """Return the work of training a model with so many images in a step."""
        sizes = [parameter.numel() for parameter in model.parameters()]
        return cls(steps, budget, len(sizes), images * sum(sizes) * len(phases_of(model)))

    @property
    def seconds(self) -> float:
        """The time of training, on two cores: its limit, or at least this."""
        if self.budget is not None:
            return self.budget
        # Forwards, and backwards to inputs and to weights: each one multiplication and addition.
        return (self.steps or 0) * 6 * self.products / RATE

    @property
    def seconds_of_compiling(self) -> float:
        """An estimate of the time to compile all phases, without a cache."""
        return COMPILE_SECONDS + SECONDS_OF_A_TENSOR * self.tensors


@dataclass(frozen=True)
class Execution:
    """A way to run steps, and the reason of the choice.

    Attributes:
        kind: ``eager`` runs one kernel after the other, ``compiled`` runs each objective with
            its gradients as one compiled function, ``captured`` runs a step as one CUDA graph.
        why: the reason, in one sentence.
        on_trial: a phase that is no faster when compiled stays eager.
    """

    kind: Kind
    why: str
    on_trial: bool = False


EAGER = Execution("eager", "eager")


def choose(asked: Literal["auto"] | Kind, device: Device, work: Work) -> Execution:
    """Choose how steps run.

    ``eager`` and ``captured`` give equal numbers, bit for bit; ``compiled`` rounds sums
    differently. So a run keeps what was chosen.

    Args:
        asked: the value of ``train.execution``.
        device: the device and the precision.
        work: what there is to compute.

    Raises:
        InputError: the device cannot run steps in this way.
    """
    kind, precision = device.device.type, device.precision
    if asked != "auto" and asked != "eager" and precision == "fp16":
        raise InputError(
            f"train.execution: {asked} cannot follow the loss scale of fp16, which the host sets; "
            "use eager, or train.precision=bf16"
        )
    if asked == "captured" and kind != "cuda":
        raise InputError(
            f"train.execution: captured needs a CUDA device, this is {kind}; "
            "use auto, eager or compiled"
        )
    if asked != "auto":
        return Execution(asked, f"{asked} steps: asked for")
    if kind == "cpu" and precision != "fp16":
        return _on_cpu(work)
    if kind != "cuda" or precision == "fp16":
        return Execution("eager", f"eager steps: {kind} with {precision} has no other way")
    if work.steps is not None and work.steps < FEW_STEPS:
        return Execution("eager", f"eager steps: {work.steps} are too few to record one")
    return Execution("captured", "captured steps: each is one CUDA graph")


def _on_cpu(work: Work) -> Execution:
    """Choose compiled steps if the training is long enough to win their compiling back."""
    if SAVED * work.seconds < work.seconds_of_compiling:
        return Execution("eager", "eager steps: the training is too short to win by compiling them")
    if compiler() is None:
        return Execution("eager", "eager steps: there is no C++ compiler to compile them")
    return Execution(
        "compiled",
        f"compiled steps: the second step takes about {work.seconds_of_compiling:.0f} s, or few if "
        "such steps were compiled before",
        on_trial=True,
    )


def brief_reason(error: BaseException) -> str:
    """Return the first line of an error."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
