"""Like with like: whether both sides are of one kind of weights, and of one kind of pixels."""

from collections.abc import Iterator

from genmodels.comparison.cells import shown
from genmodels.comparison.entry import Entry
from genmodels.comparison.result import Comparison
from genmodels.evaluation.metrics.table import BINARISATION, BINARISED


def remarks(comparison: Comparison) -> Iterator[str]:
    """Yield what is compared where it is not alike, one sentence each."""
    kinds = {
        kind: [entry.name for entry in comparison.trained if entry.headline == kind]
        for kind in ("ema", "last")
    }
    if all(kinds.values()):
        yield (
            f"Unequal weights: {', '.join(kinds['ema'])} by EMA weights, "
            f"{', '.join(kinds['last'])} by last weights, without an EMA. Between the two, a model "
            "is called better only if it also is with the last weights of both."
        )
    for entry in comparison.trained:
        yield from _binary(entry, comparison)


def _binary(entry: Entry, comparison: Comparison) -> Iterator[str]:
    """Yield what a model of binary pixels is compared with, if the test images are others."""
    like, binarisation = entry.mean(BINARISED), entry.mean(BINARISATION)
    floor = comparison.baselines["floor"].numbers[comparison.fd]
    if like is None or binarisation is None or binarisation <= floor:
        return
    yield (
        f"Unequal pixels: those of {entry.name} are 0 or 1. Its FD of "
        f"{shown(entry.mean(comparison.fd))} is to grey test images, to which real images, "
        f"binarised, have {shown(binarisation)}; to binarised test images it has {shown(like)}."
    )
