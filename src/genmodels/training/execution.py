"""The choice how steps run. It depends on the device and the length of the run alone."""

from dataclasses import dataclass
from typing import Literal

from genmodels.errors import InputError
from genmodels.system.device import Device

Kind = Literal["eager", "compiled", "captured"]
FEW_STEPS = 100  # recording a graph takes about as long as this many steps


@dataclass(frozen=True)
class Execution:
    """A way to run steps, and the reason of the choice.

    Attributes:
        kind: ``eager`` runs one kernel after the other, ``compiled`` runs each objective with
            its gradients as one compiled function, ``captured`` runs a step as one CUDA graph.
        why: the reason, in one sentence.
    """

    kind: Kind
    why: str


EAGER = Execution("eager", "eager")


def choose(asked: Literal["auto"] | Kind, device: Device, steps: int | None) -> Execution:
    """Choose how steps run.

    ``auto`` chooses between ``eager`` and ``captured``, whose numbers are equal bit for bit. So
    the numbers of a run do not depend on its length. ``compiled`` rounds sums differently.

    Args:
        asked: the value of ``train.execution``.
        device: the device and the precision.
        steps: the number of steps; None where the limit is a time.

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
    if kind != "cuda" or precision == "fp16":
        return Execution("eager", f"eager steps: exact to the bit on {kind} with {precision}")
    if steps is not None and steps < FEW_STEPS:
        return Execution("eager", f"eager steps: {steps} are too few to record one")
    return Execution("captured", "captured steps: each is one CUDA graph")
