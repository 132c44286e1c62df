"""What a further judge says: the samples of an evaluation, compared by other features.

The first judge of a comparison gives all numbers. Each further one gives FD and the metrics of
:data:`BY_ALL`, under keys with its name: ``fd_random``, ``kid_random``. All judges give the FDs
:func:`beside` that of the headline, so that like can be compared with like.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from torch import Tensor

from genmodels import runs
from genmodels.evaluation import weights
from genmodels.evaluation.draws import DrawProgress, Draws
from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import distances, scores
from genmodels.evaluation.metrics.drawn import Drawn
from genmodels.evaluation.metrics.metric import values
from genmodels.evaluation.metrics.samples import Samples
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.metrics.table import (
    BESIDE,
    BINARISATION,
    BINARISED,
    DISTANCE_KEYS,
    further_metrics,
    key_by,
)
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Model

TRAINED_ON = "the model was trained on these features"
NO_EMA = "no EMA weights were kept"
NOT_BINARY = "its samples are not of binary pixels"
Value = TypeVar("Value")


@dataclass(frozen=True, repr=False)
class Judgement:
    """The numbers of a run, or of given images, by a further judge.

    Attributes:
        numbers: key → value.
        undefined: key → why there is no value.
        influence: key → (N,), how much each test image counts in a number, to first order.
    """

    numbers: Mapping[str, float]
    undefined: Mapping[str, str]
    influence: Mapping[str, Tensor] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        shown = ", ".join(f"{key} {value:.4g}" for key, value in self.numbers.items())
        return f"<Judgement: {shown or 'no numbers'}>"


def score(drawn: Drawn, real: Features | None = None) -> Scored:
    """Score images as a further judge does, with the features of this judge.

    Args:
        drawn: the images.
        real: features to compare with instead of those of all test images.
    """
    extractor = drawn.reference.extractor.name
    rows = further_metrics(scores.fd_name(drawn.reference), extractor)
    found = values(rows, Samples(drawn.reference, drawn.features, real))
    return Scored(found.numbers, found.undefined, [])


def of_images(reference: Reference, blocks: Iterable[Tensor]) -> Judgement:
    """Judge images in blocks (n, C, H, W)."""
    return _of_features(reference, reference.extractor(blocks))


def _of_features(reference: Reference, features: Features) -> Judgement:
    found = score(Drawn(reference, [], features, None))
    influence = scores.influence(scores.fd_name(reference), reference.test, features)
    return Judgement(found.numbers, found.undefined, influence)


def is_binary(model: Model, blocks: Iterable[Tensor]) -> bool:
    """Return whether a model declares binary pixels, and its samples have them.

    The samples of some models are grey: the means of binary pixels. Grey test images are like them.
    """
    declared = getattr(model, "pixels", None) == "binary"
    return declared and all(bool(((block == 0) | (block == 1)).all()) for block in blocks)


def beside(reference: Reference, by_weights: Mapping[str, Features], binary: bool) -> Judgement:
    """Return FD by each kind of weights and, of binary pixels, to binarised test images.

    Args:
        reference: the real images, with the features of a judge.
        by_weights: ``ema`` or ``last`` → features of the samples, those of the headline first.
        binary: whether the samples are of binary pixels.
    """
    numbers: dict[str, float] = {}
    undefined: dict[str, str] = {}
    influence: dict[str, Tensor] = {}
    for kind, features in by_weights.items():
        key = DISTANCE_KEYS[kind]
        numbers[key] = scores.frechet(reference, features)
        influence |= scores.influence(key, reference.test, features)
    if "ema" not in by_weights:
        undefined[DISTANCE_KEYS["ema"]] = NO_EMA
    if binary:
        real, samples = reference.binarised, next(iter(by_weights.values()))
        like = distances.gaussian(real.values)
        numbers[BINARISED] = distances.frechet(like, distances.gaussian(samples.values))
        numbers[BINARISATION] = distances.frechet(reference.gaussian, like)
        influence |= scores.influence(BINARISED, real, samples)
    else:
        undefined |= dict.fromkeys((BINARISED, BINARISATION), NOT_BINARY)
    return Judgement(numbers, undefined, influence)


def of_model(
    model: Model,
    blocks: Sequence[Tensor],
    judges: Sequence[Reference],
    last: Sequence[Features] = (),
) -> list[Judgement]:
    """Judge the samples of a model. A judge says nothing of a model trained on its features.

    Args:
        model: with the headline weights.
        blocks: its samples (n, C, H, W).
        judges: the real images, with the features of each judge.
        last: the features of samples by the last weights, for each judge; empty if those are
            the headline's.
    """
    binary = is_binary(model, blocks)
    made: list[Judgement] = []
    for number, judge in enumerate(judges):
        if judge.extractor.name in model.trained_on_features:
            made.append(_excluded(judge))
            continue
        features = judge.extractor(blocks)
        by_weights = {"ema": features, "last": last[number]} if last else {"last": features}
        made.append(_together(judge, features, beside(judge, by_weights, binary)))
    return made


def _together(judge: Reference, features: Features, others: Judgement) -> Judgement:
    """Return what a further judge says, with its FDs beside that of the headline."""
    own, name = _of_features(judge, features), judge.extractor.name
    return Judgement(
        {**own.numbers, **_by(others.numbers, name)},
        {**own.undefined, **_by(others.undefined, name)},
        {**own.influence, **_by(others.influence, name)},
    )


def _by(found: Mapping[str, Value], features: str) -> dict[str, Value]:
    return {key_by(key, features): value for key, value in found.items()}


def of_run(
    folder: runs.Folder,
    reference: Reference,
    judges: Sequence[Reference],
    seed: int,
    device: torch.device,
    progress: DrawProgress,
) -> list[Judgement]:
    """Judge a run that was evaluated before; samples of both kinds of weights are drawn again.

    Args:
        folder: of the run.
        reference: the real images, in the splits of the run.
        judges: the real images, with the features of each judge.
        seed: of the samples.
        device: where to compute.
        progress: called with (done, total), in images.
    """
    saved = folder.latest()
    headline = weights.headline(saved)
    model = weights.load(saved, headline, reference, device)
    draws = Draws(seed, weights.both_count(saved, reference), progress)
    blocks, last = list(draws(model, reference.count)), list[Features]()
    if headline != "last":
        other = weights.load(saved, "last", reference, device)
        _, last = weights.draw_last(other, judges, draws)
    return of_model(model, blocks, judges, last)


def _excluded(judge: Reference) -> Judgement:
    """Return no numbers: the model was trained on the features of this judge."""
    name = judge.extractor.name
    keys = [row.key for row in further_metrics(scores.fd_name(judge), name)]
    keys += [key_by(key, name) for key in BESIDE]
    return Judgement({}, dict.fromkeys(keys, TRAINED_ON))


def joined(
    numbers: Mapping[str, float],
    undefined: Mapping[str, str],
    further: Iterable[Judgement | Scored],
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the numbers of the first judge with those of further ones, and why others lack.

    Those of further judges are behind the first number, which is FD; FDs of other weights and of
    binary pixels are at the end.
    """
    items, more, reasons = list(numbers.items()), dict[str, float](), dict(undefined)
    for each in further:
        more |= each.numbers
        reasons |= each.undefined
    early = {key: value for key, value in more.items() if not key.startswith(BESIDE)}
    return {**dict(items[:1]), **early, **dict(items[1:]), **more}, reasons
