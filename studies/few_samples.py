"""``python -m studies.few_samples``: do distances of 2,000 samples rank as FD of 10,000 does?

Training images of MNIST are damaged in five ways, each in rising strength, and compared with test
images: by the FD of 10,000 on each side, and with 2,000 on each side, several times, by FD, FD
without bias, KID, and MIND (Berthet et al., MIND: Monge Inception Distance for generative models
evaluation, 2026: 3 D times the mean over 1,000 random directions of the squared Wasserstein-2
distance). Written to ``docs/results/few-samples.json``, and printed as the table of
``docs/reference/metrics.md``.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import torch
import torch.nn.functional as F
from scipy.stats import kendalltau
from torch import Tensor

from benchmarks.machine import hardware
from genmodels import data
from genmodels.data.images import TRAIN, silent
from genmodels.evaluation import reference
from genmodels.evaluation.features import domain
from genmodels.evaluation.features.extractor import BLOCK
from genmodels.evaluation.metrics import distances
from genmodels.evaluation.metrics.extrapolation import unbiased_frechet
from genmodels.evaluation.metrics.kernel import kernel
from genmodels.evaluation.reference import Reference
from genmodels.report import markdown
from genmodels.system import randomness
from genmodels.system.provenance import measured
from studies import results
from studies.command import command

OUT, DATA = results.FOLDER / "few-samples.json", "mnist"
MANY, FEW, REPEATS = 10_000, 2000, 10
DIRECTIONS = 1000  # Berthet et al. (2026)


def frechet(a: Tensor, b: Tensor) -> float:
    """Return the FD between features."""
    return distances.frechet(distances.gaussian(a), distances.gaussian(b))


def mind(a: Tensor, b: Tensor) -> float:
    """Return MIND between equally many features."""
    generator = randomness.generator(0, "directions of MIND")
    drawn = torch.randn(a.shape[1], DIRECTIONS, generator=generator).to(a)
    directions = drawn / drawn.norm(dim=0)
    sides = [(side @ directions).sort(0).values for side in (a, b)]
    return 3 * a.shape[1] * (sides[0] - sides[1]).square().mean().item()


MEASURES: Mapping[str, Callable[[Tensor, Tensor], float]] = {
    "FD": frechet,
    "FD without bias": unbiased_frechet,
    "KID": lambda a, b: kernel(a, b).distance,
    "MIND": mind,
}


def noise(images: Tensor, strength: float) -> Tensor:
    """Add normal noise."""
    drawn = torch.randn(images.shape, generator=randomness.generator(0, "noise"))
    return (images + strength * drawn).clamp(0, 1)


def blur(images: Tensor, strength: float) -> Tensor:
    """Blur with a Gaussian of a standard deviation in pixels."""
    line = torch.exp(-(torch.arange(-4, 5) ** 2) / (2 * strength**2))
    line = (line / line.sum()).view(1, 1, 1, -1)
    across = F.conv2d(images, line, padding=(0, 4))
    return F.conv2d(across, line.transpose(2, 3), padding=(4, 0))


def dim(images: Tensor, strength: float) -> Tensor:
    """Take a share of the intensity away."""
    return images * (1 - strength)


def black_out(images: Tensor, strength: float) -> Tensor:
    """Blacken a square with a side in pixels."""
    damaged, side = images.clone(), int(strength)
    damaged[..., 10 : 10 + side, 10 : 10 + side] = 0
    return damaged


DAMAGES: Mapping[str, tuple[Callable[[Tensor, float], Tensor], Sequence[float]]] = {
    "noise": (noise, (0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.2, 0.3)),
    "blur": (blur, (0.35, 0.4, 0.42, 0.44, 0.46, 0.5, 0.6, 0.8)),
    "dimming": (dim, (0.04, 0.06, 0.08, 0.1, 0.12, 0.2, 0.4)),
    "black-out": (black_out, (1, 2, 3, 4, 5, 6)),
}
MISSING = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1.0)  # share of a class that is not there


def damaged(real: Reference) -> dict[str, list[Tensor]]:
    """Return the features of damaged images, (MANY, D), by damage, in rising strength."""
    rows = real.random_rows(TRAIN, 2 * MANY)
    found: dict[str, list[Tensor]] = {}
    for name, (damage, strengths) in DAMAGES.items():
        found[name] = []
        for strength in strengths:
            blocks = (real.images.batch(part).images for part in rows[:MANY].split(BLOCK))
            found[name].append(real.extractor(damage(block, strength) for block in blocks).values)
    labels = real.images.labels
    assert labels is not None
    chance = torch.rand(len(rows), generator=randomness.generator(0, "missing"))
    keep = [~((labels[rows] == 0) & (chance < share)) for share in MISSING]
    found["missing class"] = [real.table[rows[kept][:MANY]].values for kept in keep]
    return found


def study(real: Reference) -> dict[str, dict[str, float]]:
    """Return how each distance of FEW samples agrees with FD of MANY, and with known orders."""
    sets = damaged(real)
    many = [frechet(each, real.test.values) for group in sets.values() for each in group]
    tau: dict[str, list[float]] = {name: [] for name in MEASURES}
    right: dict[str, list[float]] = {name: [] for name in MEASURES}
    for repeat in range(REPEATS):
        generator = randomness.generator(repeat, "few samples")
        target = real.test.values[torch.randperm(MANY, generator=generator)[:FEW]]
        few = {
            group: [each[torch.randperm(MANY, generator=generator)[:FEW]] for each in members]
            for group, members in sets.items()
        }
        for name, measure in MEASURES.items():
            found = {g: [measure(each, target) for each in members] for g, members in few.items()}
            tau[name].append(kendalltau(many, list(chain(*found.values()))).statistic)
            steps = [a < b for values in found.values() for a, b in pairwise(values)]
            right[name].append(mean(steps))
    return {
        name: {
            "tau": mean(tau[name]),
            "tau_lowest": min(tau[name]),
            "steps_in_order": mean(right[name]),
        }
        for name in MEASURES
    }


def protocol(real: Reference) -> dict[str, Any]:
    """Return how the distances are compared."""
    return {
        "data": real.images.name,
        "fingerprint": real.images.fingerprint,
        "features": real.extractor.name,
        "features_hash": real.extractor.hash,
        "many": MANY,
        "few": FEW,
        "repeats": REPEATS,
        "directions": DIRECTIONS,
        "damages": {name: list(strengths) for name, (_, strengths) in DAMAGES.items()}
        | {"missing class": list(MISSING)},
    }


@command
def main() -> None:
    """Measure, write the numbers, and print them as a table."""
    parser = argparse.ArgumentParser(
        prog="python -m studies.few_samples", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--data-root", type=Path)
    images = data.load(DATA, root=parser.parse_args().data_root)
    real = reference.of(images, domain.extractor(images, silent), MANY, silent)
    found = study(real)
    content = {
        "protocol": protocol(real),
        "distances": found,
        "hardware": hardware(),
        **measured(),
    }
    results.write(OUT, content)
    head = [f"{FEW:,} samples by", "Kendall's tau", f"lowest of {REPEATS}", "steps in order"]
    rows = [[name, *(f"{value:.3f}" for value in row.values())] for name, row in found.items()]
    print(markdown.table([head, *rows]))


if __name__ == "__main__":
    main()
