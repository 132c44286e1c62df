"""``python -m studies.mixtures RUN ...``: how long a mixture of codes is to be fitted.

The mixture of each run is fitted anew to codes of its training images, once for each number of
iterations, one after the other in every round. Printed for each: median seconds, the mean
log-density of the codes of validation images, and mean and range of the distance of samples to
these images.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from unittest import mock

from torch import Tensor

import genmodels
from genmodels import sampling
from genmodels.console import Display
from genmodels.data.images import TRAIN, VALIDATION
from genmodels.errors import InputError
from genmodels.evaluation import reference
from genmodels.evaluation.features import domain
from genmodels.evaluation.metrics import distances
from genmodels.models import density
from genmodels.models.density import Coder
from genmodels.training import session
from studies.command import command

ITERATIONS = (1, 3, 10, 30)


@dataclass(frozen=True)
class Fit:
    """The quality and the time of a fit.

    Attributes:
        seconds: that it took.
        nats: mean log-density of the codes of validation images.
        distance: Fréchet distance of samples to the validation images.
    """

    seconds: float
    nats: float
    distance: float


@command
def main() -> None:
    """Measure the runs, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m studies.mixtures", description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--iterations", type=int, nargs="+", default=ITERATIONS, metavar="N")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=10_000)
    options = parser.parse_args()
    for path in options.runs:
        run = genmodels.load(path)
        found = fits(run, options.iterations, options.rounds, options.samples)
        for limit, turns in found.items():
            seconds = statistics.median(fit.seconds for fit in turns)
            distances = [fit.distance for fit in turns]
            print(f"{path}, at most {limit} iterations: {seconds:.1f} s, {turns[0].nats:.2f} nats, "
                  f"distance {statistics.mean(distances):.3f} ({min(distances):.3f} to "
                  f"{max(distances):.3f})", flush=True)  # fmt: skip


def fits(
    run: genmodels.Run, iterations: Sequence[int], rounds: int, count: int
) -> dict[int, list[Fit]]:
    """Fit the mixture of a run in turns; each round has samples of its own.

    Returns:
        Iterations → the fits of all rounds.

    Raises:
        InputError: it has no mixture, or no validation images.
    """
    model = run.model(device="cpu")
    if not isinstance(model, Coder) or model.density.kind != "gmm":
        raise InputError(f"{run.path}: its latents are no mixture; take model.sampler=gmm")
    show = Display(quiet=True)
    images = session.load(run.settings.data, show)
    extractor = domain.extractor(images, show.reading)
    share = run.settings.data.validation
    seen = reference.of(images, extractor, count, show.reading).with_validation(share)
    target = seen.selection
    if target is None:
        raise InputError(f"{run.path}: it has no validation images; train with data.validation=0.1")
    ours, others = (
        model.latents(seen.batches(split, seen.images.count(split)))
        for split in (TRAIN, VALIDATION)
    )
    found: dict[int, list[Fit]] = {limit: [] for limit in iterations}
    for turn in range(rounds):
        for limit, turns in found.items():
            seconds = _fit(model, ours, limit)
            samples = seen.extractor(sampling.sample(model, count, turn)).values
            nats = model.density.log_density(others).mean().item()
            distance = distances.frechet(target, distances.gaussian(samples))
            turns.append(Fit(seconds, nats, distance))
    return found


def _fit(model: Coder, codes: Tensor, limit: int) -> float:
    """Fit the mixture again, and return the seconds."""
    model.density.train()
    with mock.patch.object(density, "ITERATIONS", limit):
        began = time.perf_counter()
        model.density.fit(codes)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
