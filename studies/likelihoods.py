"""``python -m studies.likelihoods RUN ...``: −log p(x) of test images, as the papers give it.

``genmodels compare`` bounds it with 100 importance samples an image; Burda et al. (2016) take
5,000, which is what this does, with the standard error over the images.
"""

import argparse
import math
from dataclasses import dataclass

import torch

import genmodels
from genmodels import losses
from genmodels.console import Display
from genmodels.data.images import TEST
from genmodels.errors import InputError
from genmodels.evaluation.metrics import likelihood
from genmodels.models.base import HasLikelihood
from genmodels.system import randomness
from genmodels.training import session
from studies.command import command

BLOCK = 250  # images whose importance weights are held at once


@dataclass(frozen=True)
class Bound:
    """A mean over images, in nats an image, and its standard error."""

    nats: float
    error: float
    images: int


@command
def main() -> None:
    """Measure the runs, and print their bounds."""
    parser = argparse.ArgumentParser(prog="python -m studies.likelihoods", description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--samples", type=int, default=5000, help="importance samples of an image")
    parser.add_argument("--images", type=int, default=1000, help="test images")
    options = parser.parse_args()
    for path in options.runs:
        found = bound(genmodels.load(path), options.samples, options.images)
        print(f"{path}: {found.nats:.2f} ± {found.error:.2f} nats, {found.images:,} test images, "
              f"{options.samples:,} importance samples", flush=True)  # fmt: skip


@torch.no_grad()
def bound(run: genmodels.Run, samples: int, count: int) -> Bound:
    """Bound −log p(x) with importance samples, over ``count`` random test images.

    Raises:
        InputError: the model has no likelihood.
    """
    model = run.model(device="cpu")
    if not isinstance(model, HasLikelihood):
        raise InputError(f"{run.path}: a {type(model).__name__} has no likelihood")
    images = session.load(run.settings.data, Display(quiet=True))
    rows = images.splits[TEST]
    generator = randomness.generator(0, "test images")
    rows = rows[torch.randperm(len(rows), generator=generator)[:count]]
    with randomness.placed(0, "importance samples"):
        parts = [
            losses.importance_weighted(
                likelihood.log_weights(
                    model,
                    likelihood.as_modelled(model, images.batch(part), number),
                    1 if model.exact else samples,
                )
            )
            for number, part in enumerate(rows.split(BLOCK))
        ]
    bounds = torch.cat(parts)
    return Bound(bounds.mean().item(), (bounds.std() / math.sqrt(len(bounds))).item(), len(bounds))


if __name__ == "__main__":
    main()
