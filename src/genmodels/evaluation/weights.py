"""Scores of the last weights of a run, of its EMA weights, and of the best snapshot.

Snapshots are chosen on the validation split and scored on the test split.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from genmodels import sampling
from genmodels.data.images import TRAIN, first_rows
from genmodels.evaluation import copying
from genmodels.evaluation.draws import Draws
from genmodels.evaluation.features.extractor import Features, extract_all
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
    """Return how many samples an evaluation draws by all choices of weights.

    Args:
        saved: the end of the run.
        snapshots: number of snapshots before it.
        reference: the real images.
    """
    best = reference.count if reference.selection is not None else 0
    return both_count(saved, reference) + best + curve_count(reference) * (snapshots + 1)


def both_count(saved: Checkpoint, reference: Reference) -> int:
    """Return how many samples are drawn by the headline weights and, if others, the last ones."""
    return reference.count * (1 + (headline(saved) != "last"))


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


def draw_last(
    model: Model, references: Sequence[Reference], draws: Draws
) -> tuple[Tensor, list[Features]]:
    """Draw samples by the last weights of a run whose headline is of others.

    Args:
        model: with the last weights.
        references: the real images, with the features of each judge.
        draws: draws the samples.

    Returns:
        The first samples, (64, C, H, W), and the features of all by each judge.
    """
    kept: list[Tensor] = []
    blocks = _keeping(kept, draws(model, references[0].count))
    features = extract_all([each.extractor for each in references], blocks)
    return kept[0], features


def score_snapshots(
    saved: Checkpoint,
    earlier: Iterable[Checkpoint],
    first: WeightsChoice,
    reference: Reference,
    draws: Draws,
    device: torch.device,
) -> tuple[WeightsChoice | None, list[Point]]:
    """Score every snapshot.

    Args:
        saved: the last checkpoint of the run.
        earlier: the snapshots before it.
        first: the score of the headline weights, which is known already.
        reference: the real images.
        draws: draws the samples.
        device: where to compute.

    Returns:
        The best snapshot, None without a validation split; and the curve over the snapshots and
        the last checkpoint.
    """
    weights = headline(saved)
    curve, best = _curve((*earlier, saved), weights, reference, draws, device)
    if best is None:
        return None, curve
    if best is saved:
        draws.advance(reference.count)
        return replace(first, name="best"), curve
    return _score(best, weights, reference, draws, device), curve


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
    images = first_rows(blocks, copying.CURVE_COUNT)
    return reference.copies(images, features.values[: len(images)]).share


def _score(
    source: Checkpoint,
    weights: sampling.Weights,
    reference: Reference,
    draws: Draws,
    device: torch.device,
) -> WeightsChoice:
    """Score the best snapshot on the test split."""
    model = load(source, weights, reference, device)
    kept: list[Tensor] = []
    blocks = _keeping(kept, draws(model, reference.count))
    distance = scores.frechet(reference, reference.extractor(blocks))
    return WeightsChoice("best", source.header["progress"]["step"], distance, kept[0])


def _keeping(kept: list[Tensor], blocks: Iterable[Tensor]) -> Iterator[Tensor]:
    """Yield blocks, and keep the first samples for pictures."""
    for block in blocks:
        if not kept:
            kept.append(block[:SHOWN])
        yield block
