"""Scores of the last weights of a run, of its EMA weights, and of the best snapshot.

Snapshots are chosen on the validation split and scored on the test split.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from genmodels import sampling
from genmodels.data.images import TRAIN
from genmodels.evaluation import copying
from genmodels.evaluation.draws import Draws
from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import distances, scores
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Fitted, Model
from genmodels.runs.checkpoint import EMA_PREFIX, Checkpoint
from genmodels.system import randomness

CURVE_COUNT = 2000  # most samples for each snapshot of a curve
SHOWN = 64  # samples kept for pictures


@dataclass(frozen=True)
class WeightsChoice:
    """One choice of a run's weights.

    Attributes:
        name: ``last``, ``ema`` or ``best``; ``given`` for images without a model.
        step: the training step of these weights; None without a model.
        distance: their Fréchet distance on the test split.
        samples: (64, C, H, W), from the same latents for every choice and every model.
    """

    name: str
    step: int | None
    distance: float
    samples: Tensor = field(repr=False)


@dataclass(frozen=True)
class Point:
    """A point of the curves of FD and of copies over training.

    Attributes:
        step, images, seconds: when the snapshot was saved.
        distance: its Fréchet distance on the validation split, or on the test split if there is
            no validation split.
        copied: the share of its samples that are copies of training images.
    """

    step: int
    images: int
    seconds: float
    distance: float
    copied: float | None = None


def headline(saved: Checkpoint) -> sampling.Weights:
    """Return the kind of weights that a run is compared by: EMA if there are any."""
    return "ema" if saved.part(EMA_PREFIX) else "last"


def planned(saved: Checkpoint, snapshots: int, reference: Reference) -> int:
    """Return how many samples :func:`score_choices` draws, including those of ``first``.

    Args:
        saved: the end of the run.
        snapshots: number of snapshots before it.
        reference: the real images.
    """
    choices = 1 + (headline(saved) == "ema") + (reference.selection is not None)
    return reference.count * choices + curve_count(reference) * (snapshots + 1)


def curve_count(reference: Reference) -> int:
    """Return how many samples are drawn from each snapshot of a curve."""
    return min(CURVE_COUNT, reference.count)


def load(
    source: Checkpoint, weights: sampling.Weights, reference: Reference, device: torch.device
) -> Model:
    """Load a model. If it has a fitted part that was not fitted when it was saved, fit it."""
    model = sampling.load_model(source, weights, device)
    if isinstance(model, Fitted) and not model.fitted:
        rows = reference.images.count(TRAIN)
        with randomness.placed(0, "fit", device=device):
            model.fit(batch.to(device) for batch in reference.batches(TRAIN, rows))
    return model


def score_choices(
    saved: Checkpoint,
    earlier: Iterable[Checkpoint],
    first: WeightsChoice,
    reference: Reference,
    draws: Draws,
    device: torch.device,
) -> tuple[list[WeightsChoice], list[Point]]:
    """Score every choice of weights, and every snapshot.

    Args:
        saved: the last checkpoint of the run.
        earlier: the snapshots before it.
        first: the score of the headline weights, which is known already.
        reference: the real images.
        draws: draws the samples.
        device: where to compute.

    Returns:
        The choices, beginning with ``first``; the curve over the snapshots and the last
        checkpoint.
    """
    chosen, weights = [first], headline(saved)
    if weights == "ema":
        chosen.append(_score(saved, "last", "last", reference, draws, device))
    curve, best = _curve((*earlier, saved), weights, reference, draws, device)
    if best is saved:
        draws.advance(reference.count)
        chosen.append(replace(first, name="best"))
    elif best is not None:
        chosen.append(_score(best, "best", weights, reference, draws, device))
    return chosen, curve


def _curve(
    sources: Iterable[Checkpoint],
    weights: sampling.Weights,
    reference: Reference,
    draws: Draws,
    device: torch.device,
) -> tuple[list[Point], Checkpoint | None]:
    """Return the curve over checkpoints, and the best of them by the validation split.

    Without a validation split the curve is of the test split, and there is no best one.
    """
    target = reference.selection or reference.gaussian
    points: list[Point] = []
    best: Checkpoint | None = None
    for source in sources:
        progress = source.header["progress"]
        model = load(source, weights, reference, device)
        blocks = list(draws(model, curve_count(reference)))
        features = reference.extractor(blocks)
        copied = _copied(blocks, features, reference)
        distance = distances.frechet(target, distances.gaussian(features.values))
        if reference.selection and distance < min((p.distance for p in points), default=torch.inf):
            best = source
        when = progress["step"], progress["images"], progress["seconds"]
        points.append(Point(*when, distance, copied))
    return points, best


def _copied(blocks: Sequence[Tensor], features: Features, reference: Reference) -> float:
    """Return the share of copies among the first samples of a snapshot."""
    images = copying.first(blocks, copying.CURVE_COUNT)
    return reference.copies(images, features.values[: len(images)]).share


def _score(
    source: Checkpoint,
    name: str,
    weights: sampling.Weights,
    reference: Reference,
    draws: Draws,
    device: torch.device,
) -> WeightsChoice:
    """Score a choice of weights on the test split."""
    model = load(source, weights, reference, device)
    kept: list[Tensor] = []

    def blocks() -> Iterator[Tensor]:
        for block in draws(model, reference.count):
            if not kept:
                kept.append(block[:SHOWN])
            yield block

    distance = scores.frechet(reference, reference.extractor(blocks()))
    return WeightsChoice(name, source.header["progress"]["step"], distance, kept[0])
