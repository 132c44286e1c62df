"""``python -m torture.colours``: train presets on noise, constant, dark and saturated colours.

Each preset is trained from its own settings on small colour pictures of four hard kinds. All
losses and metrics must be finite, and the samples finite and in [0, 1]. Without arguments all
presets are trained for 2,000 steps on pictures of 3 × 32 × 32, which takes hours. The result is
printed line by line; the exit code is 1 if a training failed.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels import config, sampling
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.errors import InputError, NotFinite
from genmodels.system import device as devices
from genmodels.system import randomness
from genmodels.system.tuning import tune_cpu
from genmodels.training import fitting, session
from genmodels.training.trainer import Trainer

COUNT = 1200  # training pictures: enough for the codes of a mixture of 200
HELD_OUT = 16  # for validation, and as many to test on
CLASSES = ("a", "b", "c", "d")
SAMPLES = 16
DARK = 8  # levels of 256 of a dark picture


def _noise(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def _constant(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.full(shape, 128, dtype=torch.uint8)


def _dark(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.randint(DARK, shape, dtype=torch.uint8, generator=generator)


def _saturated(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Return pictures of four quarters, each with every channel either 0 or 255."""
    colours = torch.randint(2, (*shape[:2], 2, 2), generator=generator) * 255
    rows, columns = (torch.arange(size) * 2 // size for size in shape[2:])
    return colours[:, :, rows][..., columns].to(torch.uint8).contiguous()


# Kind → pictures of a shape (N, C, H, W), uint8.
KINDS: Mapping[str, Callable[[tuple[int, ...], torch.Generator], Tensor]] = {
    "noise": _noise,
    "constant": _constant,
    "dark": _dark,
    "saturated": _saturated,
}


def pictures(kind: str, size: int) -> Images:
    """Return a set of pictures of a kind, 3 × size × size, in four classes."""
    count = COUNT + 2 * HELD_OUT
    table = KINDS[kind]((count, 3, size, size), randomness.generator(0, kind))
    rows = torch.arange(count)
    first, second = COUNT, COUNT + HELD_OUT
    return Images(
        name=kind,
        table=table,
        splits={TRAIN: rows[:first], VALIDATION: rows[first:second], TEST: rows[second:]},
        labels=rows % len(CLASSES),
        classes=CLASSES,
    )


@dataclass(frozen=True)
class Outcome:
    """The end of one training.

    Attributes:
        steps: how many were trained.
        seconds: the time of the steps.
        problem: what went wrong, in one line; empty if nothing did.
        refused: why these pictures cannot train the model, in one line; empty if they can.
    """

    steps: int
    seconds: float
    problem: str = ""
    refused: str = ""


def train(
    preset: str, images: Images, steps: int, budget: float | None = None, seed: int = 0
) -> Outcome:
    """Train a preset on pictures, fit its density, and sample from it by all its weights.

    Args:
        preset: its name, such as ``vae.yaml``.
        images: the pictures.
        steps: at most so many.
        budget: at most so many seconds of training; None for no such limit.
        seed: of the run.
    """
    limit = {"steps": steps if budget is None else None, "epochs": None, "budget": budget}
    settings = config.read(preset, [{"seed": seed, "train": {**limit, "execution": "eager"}}])
    chosen = devices.choose("cpu", "fp32")
    try:
        trainer = session.trainer_of(settings, images, chosen)
    except InputError as error:
        return Outcome(0, 0.0, refused=str(error))
    problem = ""
    try:
        for _ in trainer.records(lambda: trainer.step >= steps):
            pass
        problem = _unsampled(trainer)
    except NotFinite as error:
        problem = error.what
    except InputError as error:  # such as a density that cannot be fitted to equal codes
        return Outcome(trainer.step, trainer.seconds, refused=str(error))
    return Outcome(trainer.step, trainer.seconds, problem)


def _unsampled(trainer: Trainer) -> str:
    """Return what is wrong with a trainer's samples; empty if nothing is."""
    for name, tensor in trainer.state()[0].items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            return f"{name} is not finite after step {trainer.step:,}"
    with fitting.sampled(trainer, COUNT) as model:
        samples = torch.cat([*sampling.sample(model, SAMPLES)])
    if not samples.isfinite().all():
        return "samples are not finite"
    if samples.min() < 0 or samples.max() > 1:
        return f"samples reach from {samples.min():g} to {samples.max():g}"
    return ""


def _line(preset: str, kind: str, outcome: Outcome) -> str:
    state = "finite"
    if outcome.refused:
        state = f"refused: {outcome.refused}"
    if outcome.problem:
        state = f"FAILED: {outcome.problem}"
    return f"{preset} {kind}: {outcome.steps:,} steps, {outcome.seconds:.0f} s, {state}"


def main() -> None:
    """Train, and print a line for each training."""
    parser = argparse.ArgumentParser(prog="python -m torture.colours", description=__doc__)
    parser.add_argument("presets", nargs="*", help="such as vae.yaml; by default all")
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--size", type=int, default=32, help="height and width, pixels")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seconds", type=float, help="of each training at most")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    known = config.presets()
    if unknown := [name for name in options.presets if name not in known]:
        parser.error(f"no preset {unknown[0]}; take some of {', '.join(known)}")
    tune_cpu(devices.choose("cpu", "fp32"))
    failed = False
    for preset in options.presets or known:
        for kind in options.kinds:
            images = pictures(kind, options.size)
            outcome = train(preset, images, options.steps, options.seconds, options.seed)
            print(_line(preset, kind, outcome), flush=True)
            failed = failed or bool(outcome.problem)
    sys.exit(failed)


if __name__ == "__main__":
    main()
