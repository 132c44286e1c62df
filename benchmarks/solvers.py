"""``python -m benchmarks.solvers RUN``: images a second and FD of a flow's solvers.

All solvers start at the same latents, and take turns at a block of them. FD is to the validation
images, so that a choice by it leaves the test images alone. With ``--count``, images are also
encoded with several numbers of steps, decoded again, and interpolated.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

import genmodels
from benchmarks import machine
from benchmarks.turns import ratio
from genmodels import data, sampling
from genmodels.data.images import VALIDATION, Images, silent
from genmodels.evaluation import reference
from genmodels.evaluation.features import domain
from genmodels.evaluation.metrics import distances
from genmodels.sampling import interpolation
from genmodels.system import device

BEFORE = "heun, 10 steps, fp32"
WAYS: dict[str, dict[str, Any]] = {
    BEFORE: {"solver": "heun", "steps": 10},
    "euler, 5 steps, fp32": {"solver": "euler", "steps": 5},
    "adams, 10 steps, fp32": {"solver": "adams", "steps": 10},
    "adams, 6 steps, fp32": {"solver": "adams", "steps": 6},
    "adams, 4 steps, fp32": {"solver": "adams", "steps": 4},
    "adams, 4 steps, bf16": {"solver": "adams", "steps": 4, "precision": "bf16"},
    "adams, 3 steps, fp32": {"solver": "adams", "steps": 3},
    "adams, 2 steps, fp32": {"solver": "adams", "steps": 2},
}
ENCODING = (4, 10, 20, 50)  # steps from images to noise
ENCODED = 1000  # images


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solvers", description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--block", type=int, default=sampling.BLOCK, help="images of a turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=0, help="samples of FD; 0: without FD")
    parser.add_argument("--out", type=Path, default=Path("solvers.json"))
    options = parser.parse_args()
    run = genmodels.load(options.run)
    ways = {
        name: changes
        for name, changes in WAYS.items()
        if changes.get("precision") != "bf16" or device.multiplies_bf16()
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, changes in ways.items():
            rates[name].append(_rate(run.model(device="cpu", changes=changes), options.block))
    found = {name: {"images_per_second": its} for name, its in rates.items()}
    for name, its in rates.items():
        middle, low, high = ratio(its, rates[BEFORE])
        print(f"{name}: {median(its):.0f} images/s, {middle:.2f} ({low:.2f} to {high:.2f}) times")
    if options.count:
        for name, fd in _distances(run, ways, options.count).items():
            print(f"{name}: FD {fd:.3f}")
            found[name]["fd"] = [fd]
    encodings = _encodings(run) if options.count else {}
    for steps, numbers in encodings.items():
        listed = ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())
        print(f"encoded in {steps} steps: {listed}")
    result = {
        "hardware": machine.hardware(),
        "command": " ".join(["python -m benchmarks.solvers", *sys.argv[1:]]),
        "solvers": found,
        "encodings": encodings,
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _rate(model: Any, count: int) -> float:
    labels = torch.arange(count) % model.num_classes if model.num_classes else None
    (latents,) = sampling.latents(model, count, labels=labels)
    began = time.perf_counter()
    sampling.decode(model, latents, labels)
    return count / (time.perf_counter() - began)


def _distances(run: genmodels.Run, ways: dict[str, dict[str, Any]], count: int) -> dict[str, float]:
    _, real = _reference(run, count)
    return {
        name: _distance(real, run.sample(count, device="cpu", changes=changes))
        for name, changes in ways.items()
    }


def _encodings(run: genmodels.Run) -> dict[int, dict[str, float]]:
    """Return what encoding validation images gives, by its number of steps.

    ``deviation`` is that of the latents, where 1 is that of noise; ``error`` the squared error of
    images that the run's own steps decode, ``error_as_many`` of those that as many steps decode,
    both summed over pixels; ``fd_halfway`` the FD of images halfway between two on a great circle.
    """
    images, real = _reference(run, ENCODED)
    batch = next(images.batches(VALIDATION, ENCODED))

    def found(steps: int) -> dict[str, float]:
        model: Any = run.model(device="cpu", changes={"encode_steps": steps})
        same: Any = run.model(device="cpu", changes={"encode_steps": steps, "steps": steps})
        labels = batch.labels if model.num_classes else None
        with torch.no_grad():
            latents = model.encode(batch.images, labels)
        halfway = interpolation.slerp(latents, latents.roll(1, 0), 3)[:, 1]
        return {
            "deviation": latents.std().item(),
            "error": _error(sampling.decode(model, latents, labels), batch.images),
            "error_as_many": _error(sampling.decode(same, latents, labels), batch.images),
            "fd_halfway": _distance(real, sampling.decode(model, halfway, labels)),
        }

    return {steps: found(steps) for steps in ENCODING}


def _error(images: Tensor, real: Tensor) -> float:
    return (images - real).square().flatten(1).sum(1).mean().item()


def _reference(run: genmodels.Run, count: int) -> tuple[Images, reference.Reference]:
    """Return the images of a run, and what their validation images are compared by."""
    chosen = run.settings.data
    images = data.load(chosen.name, validation=chosen.validation)
    return images, reference.of(images, domain.extractor(images, silent), count, silent)


def _distance(real: reference.Reference, images: Tensor) -> float:
    """Return the FD of images to the validation images."""
    assert real.selection is not None, "the run holds out no validation images"
    features = real.extractor(images.split(sampling.BLOCK)).values
    return distances.frechet(real.selection, distances.gaussian(features))


if __name__ == "__main__":
    main()
