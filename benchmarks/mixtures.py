"""``python -m benchmarks.mixtures``: how fast a mixture is fitted, beside scikit-learn.

Both fit in turns to the same made-up points, with as many steps and threads. Each starts from a
k-means of its own.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor

from benchmarks import machine
from benchmarks.turns import ratio
from genmodels.models import mixture
from genmodels.models.density import ITERATIONS

CLUSTERS = 50  # of the points


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixtures", description=__doc__)
    parser.add_argument("--points", type=int, default=54_000)
    parser.add_argument("--size", type=int, default=16, help="dimensions of a point")
    parser.add_argument("--components", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("mixtures.json"))
    options = parser.parse_args()
    points = made_up(options.points, options.size)
    ways: dict[str, Callable[[Tensor, int], object]] = {"genmodels": _ours, "scikit-learn": _theirs}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, fit in ways.items():
            began = time.perf_counter()
            fit(points, options.components)
            seconds[name].append(time.perf_counter() - began)
    middle, low, high = ratio(seconds["scikit-learn"], seconds["genmodels"])
    for name, its in seconds.items():
        print(f"{name}: {median(its):.2f} s")
    print(f"genmodels is {middle:.1f} ({low:.1f} to {high:.1f}) times as fast")
    result = {
        "hardware": machine.hardware(),
        "command": " ".join(["python -m benchmarks.mixtures", *sys.argv[1:]]),
        "seconds": seconds,
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def made_up(count: int, size: int) -> Tensor:
    """Return points (count, size) of clusters that overlap."""
    generator = torch.Generator().manual_seed(0)
    centres = 2 * torch.randn(CLUSTERS, size, generator=generator)
    return centres[torch.arange(count) % CLUSTERS] + torch.randn(count, size, generator=generator)


def _ours(points: Tensor, components: int) -> object:
    return mixture.fit(points, components, ITERATIONS)


def _theirs(points: Tensor, components: int) -> object:
    made = GaussianMixture(
        components, reg_covar=mixture.ADDED_VARIANCE, max_iter=ITERATIONS, random_state=0
    )
    with warnings.catch_warnings():  # after so few steps it has not converged
        warnings.simplefilter("ignore", ConvergenceWarning)
        return made.fit(points.double().numpy())


if __name__ == "__main__":
    main()
