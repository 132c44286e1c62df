"""``python -m benchmarks.solvers RUN``: images a second and FD of a flow's solvers.

All solvers start at the same latents, and take turns at a block of them. FD is to the validation
images, so that a choice by it leaves the test images alone. With ``--count``, images are also
encoded and decoded again, with several numbers of steps.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

import genmodels
from benchmarks import machine
from benchmarks.turns import ratio
from genmodels import data, sampling
from genmodels.data.images import VALIDATION, silent
from genmodels.evaluation import reference
from genmodels.evaluation.features import domain
from genmodels.evaluation.metrics import distances
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
ENCODING = (4, 10, 20, 50, 100)  # steps from images to noise
ENCODED = 100  # images


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
    for steps, (spread, there, back) in encodings.items():
        print(
            f"{steps} steps to the noise, whose standard deviation is {spread:.2f}: squared error "
            f"{there:.3f}; as many back: {back:.3f}"
        )
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
    chosen = run.settings.data
    images = data.load(chosen.name, validation=chosen.validation)
    real = reference.of(images, domain.extractor(images, silent), count, silent)
    assert real.selection is not None, "the run holds out no validation images"
    return {
        name: distances.frechet(
            real.selection,
            distances.gaussian(
                real.extractor(
                    run.sample(count, device="cpu", changes=changes).split(sampling.BLOCK)
                ).values
            ),
        )
        for name, changes in ways.items()
    }


def _encodings(run: genmodels.Run) -> dict[int, tuple[float, float, float]]:
    """Return what encoding gives: its steps → standard deviation of the noise, and two errors.

    They are squared errors of decoded images, summed over pixels: with the run's own steps back
    to the image, and with as many as there.
    """
    chosen = run.settings.data
    images = data.load(chosen.name, validation=chosen.validation)
    real = next(images.batches(VALIDATION, ENCODED))

    def decoded(**changes: int) -> tuple[float, float]:
        model: Any = run.model(device="cpu", changes=changes)
        with torch.no_grad():
            labels = real.labels if model.num_classes else None
            noise = model.encode(real.images, labels)
            error = (model.decode(noise, labels) - real.images).square().flatten(1).sum(1).mean()
        return noise.std().item(), error.item()

    return {n: (*decoded(encode_steps=n), decoded(encode_steps=n, steps=n)[1]) for n in ENCODING}


if __name__ == "__main__":
    main()
