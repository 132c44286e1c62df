"""How a step is run: chosen by device and length of the run, never by model."""

from dataclasses import dataclass
from typing import Literal

from genmodels.errors import InputError
from genmodels.system.device import Device

Kind = Literal["eager", "compiled", "captured"]
FEW_STEPS = 100  # recording a graph takes about as long as these


@dataclass(frozen=True)
class Execution:
    """A way to run steps, and the reason it was chosen.

    Attributes:
        kind: ``eager``: one kernel after the other. ``compiled``: each objective with its
            gradients as one compiled function. ``captured``: the step as one CUDA graph.
        why: one sentence.
    """

    kind: Kind
    why: str


EAGER = Execution("eager", "eager")


def choose(asked: Literal["auto"] | Kind, device: Device, steps: int | None) -> Execution:
    """Choose how steps run.

    ``auto`` chooses only between ways whose numbers are equal bit for bit, so that a run's
    numbers do not depend on its length; ``compiled`` rounds otherwise.

    Args:
        asked: what the configuration says.
        device: where they run.
        steps: how many there are; None where the limit is a time.

    Raises:
        InputError: the device cannot run them so.
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
