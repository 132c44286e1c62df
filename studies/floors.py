"""``python -m studies.floors``: the FD of real images, and the shares that are taken for copies.

Written to ``docs/results/floors.json``, and printed as tables: the numbers of
``docs/concepts.md`` and ``docs/decisions/0003-comparison.md``.
"""

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from torch import Tensor

from benchmarks.machine import hardware
from genmodels import data
from genmodels.comparison.cells import number
from genmodels.data.images import TEST, TRAIN, silent
from genmodels.data.lookalikes import LIMIT
from genmodels.evaluation import copying, protocol, reference
from genmodels.evaluation.features import domain, untrained
from genmodels.evaluation.features.extractor import BLOCK
from genmodels.evaluation.reference import Reference
from genmodels.report import markdown
from genmodels.system import randomness
from genmodels.system.provenance import measured
from studies import results
from studies.command import command
from studies.few_samples import dim, frechet, noise

OUT = results.FOLDER / "floors.json"
SETS = ("mnist", "fashion-mnist")
SIZES = (1250, 2500, 5000)  # of sets of test images
TRAINING = 10_000  # size of sets of training images
REPEATS = 50  # random draws of two sets
LIMITS = (LIMIT, 0.4, 0.5)  # of the distance to the next image, below which an image is a copy


def shift(images: Tensor) -> Tensor:
    """Shift by a pixel to the right; the first column becomes black."""
    return torch.cat([torch.zeros_like(images[..., :1]), images[..., :-1]], 3)


def mirror(images: Tensor) -> Tensor:
    """Exchange left and right."""
    return images.flip(3)


CHANGES: Mapping[str, Callable[[Tensor], Tensor]] = {
    "training images": lambda images: images,
    "with noise of 0.03": lambda images: noise(images, 0.03),
    "dimmed to 0.9": lambda images: dim(images, 0.1),
    "shifted by a pixel": shift,
    "mirrored": mirror,
    "mirrored, shifted, dimmed, with noise": lambda x: noise(dim(shift(mirror(x)), 0.1), 0.03),
}


@command
def main() -> None:
    """Measure, write the numbers, and print them as tables."""
    parser = argparse.ArgumentParser(prog="python -m studies.floors", description=__doc__)
    parser.add_argument("sets", nargs="*", default=SETS, help="FD is measured on the first")
    parser.add_argument("--data-root", type=Path)
    given = parser.parse_args()
    sets = {Path(name).name: load(name, given.data_root) for name in given.sets}
    first, *_ = sets.values()
    content: dict[str, Any] = {
        "fingerprints": {name: real.images.fingerprint for name, real in sets.items()},
        "features": {n: f"{r.extractor.name}, {r.extractor.hash}" for n, r in sets.items()},
        "repeats": REPEATS,
        "fd": distances(first),
        "copies": {name: copies(real) for name, real in sets.items()},
    }
    results.write(OUT, {**content, "hardware": hardware(), **measured()})
    print(*tables(content), sep="\n\n")


def load(name: str, root: Path | None) -> Reference:
    """Return a data set with its domain features; random ones if those had to be trained."""
    images = data.load(name, root=root)
    make = untrained.extractor if domain.announcement(images) else domain.extractor
    return reference.of(images, make(images, silent), protocol.COUNT, silent)


def distances(real: Reference) -> dict[str, dict[str, float]]:
    """Return the FD of real images: which → the size of both sets, mean and standard deviation.

    The noise floor is that of the halves, divided by 2.
    """
    values, train = real.table.values, real.train.values
    test = values[real.random_rows(TEST, real.count)]
    half, size = real.count // 2, min(TRAINING, len(train) // 2)
    found = {"test halves": {"size": half, "mean": frechet(test[:half], test[half : 2 * half])}}
    for each in (each for each in SIZES if 2 * each <= len(test)):
        found[f"test {each}"] = _repeated(each, partial(_disjoint, test, each))
    found["training"] = _repeated(size, partial(_disjoint, train, size))
    found["training and test"] = _repeated(size, lambda n: (_disjoint(train, size, n)[0], test))
    return found


def _repeated(size: int, draw: Callable[[int], tuple[Tensor, Tensor]]) -> dict[str, float]:
    found = [frechet(*draw(repeat)) for repeat in range(REPEATS)]
    return {"size": size, "mean": mean(found), "deviation": stdev(found)}


def _disjoint(values: Tensor, size: int, repeat: int) -> tuple[Tensor, Tensor]:
    """Return two random sets of ``size`` rows without a common one."""
    rows = torch.randperm(len(values), generator=randomness.generator(repeat, "disjoint sets"))
    return values[rows[:size]], values[rows[size : 2 * size]]


def copies(real: Reference) -> dict[str, float]:
    """Return the shares of changed training images and of all test images taken for copies."""

    def ratios(images: Tensor) -> Tensor:
        return real.copies(images, real.extractor(images.split(BLOCK)).values).ratios

    images, test = (
        real.images.batch(real.random_rows(split, count)).images
        for split, count in ((TRAIN, copying.COUNT), (TEST, real.count))
    )
    found = {name: _share(ratios(change(images)), LIMIT) for name, change in CHANGES.items()}
    held_out = ratios(test)
    return found | {f"test images, limit {x:.3g}": _share(held_out, x) for x in LIMITS}


def _share(ratios: Tensor, limit: float) -> float:
    return (ratios < limit).double().mean().item()


def tables(content: Mapping[str, Any]) -> list[str]:
    """Return the table of FDs and the table of copies."""
    fds = [["real images", "N", "FD", "standard deviation", "N × FD"]]
    for name, row in content["fd"].items():
        size, fd = row["size"], row["mean"]
        fds.append([name, f"{size:,}", *map(number, (fd, row.get("deviation"), size * fd))])
    shares, taken = content["copies"].values(), [["taken for copies", *content["copies"]]]
    for name in next(iter(shares)):
        taken.append([name, *(f"{each[name]:.3g}" for each in shares)])
    return [markdown.table(fds), markdown.table(taken)]


if __name__ == "__main__":
    main()
