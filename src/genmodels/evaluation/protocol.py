"""The evaluation of a run, or of given images: which weights, samples and metrics.

Latents have random streams of their own, so an evaluation does not change training.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from genmodels import runs, sampling
from genmodels.data.given import GivenImages
from genmodels.data.images import first_rows
from genmodels.errors import InputError
from genmodels.evaluation import copying, judgement, weights
from genmodels.evaluation.draws import DrawProgress, Draws
from genmodels.evaluation.features.extractor import BLOCK, Features
from genmodels.evaluation.judgement import TRAINED_ON, Judgement
from genmodels.evaluation.metrics import discrimination, encoding, scores
from genmodels.evaluation.metrics.drawn import Drawn
from genmodels.evaluation.metrics.image_metrics import IMAGE_METRICS
from genmodels.evaluation.metrics.metric import values
from genmodels.evaluation.metrics.model_metrics import MODEL_METRICS, TRAINING_METRICS
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.metrics.table import DISTANCE_KEYS, LAST, SPREAD
from genmodels.evaluation.metrics.trained import Trained
from genmodels.evaluation.reference import Reference
from genmodels.evaluation.weights import SHOWN, Point, WeightsChoice
from genmodels.models.base import Model
from genmodels.runs.manifest import SavedProgress

COUNT = 10_000  # samples and test images; Lucic et al. (2018)
FEW = 2000  # with fewer samples, reports warn of the bias of the Fréchet distance
GIVEN = "given"  # in the place of weights, for images without a model
SUSPICIOUS = 8  # pairs of a sample and its nearest training image
SPREAD_SEEDS = 3  # sampling seeds over which the spread of FD is taken

NO_SPLIT = "data.validation is 0, so no split is left to choose on"


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The numbers of one run, or of given images.

    Attributes:
        numbers: key → value, of the headline weights.
        undefined: key → why there is no value.
        headline: the name of the headline weights: EMA if there are any.
        weights: the score of every choice of weights.
        curve: FD of the snapshots and of the last checkpoint; empty for given images.
        scored: the sample metrics of the headline weights, with their details.
        suspicious: (8, 2, C, H, W): the samples that look most like copies, each beside its
            nearest training image.
        measured: rates, seconds and memory, which depend on the machine.
        influence: key → (N,), how much each test image counts in a number, to first order.
    """

    numbers: Mapping[str, float]
    undefined: Mapping[str, str]
    headline: str
    weights: Sequence[WeightsChoice]
    curve: Sequence[Point]
    scored: Scored
    suspicious: Tensor
    measured: Mapping[str, float] = field(compare=False)
    influence: Mapping[str, Tensor] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        first = self.weights[0]
        what = "given images"
        if first.step is not None:
            what = f"the {first.name} weights at step {first.step:,}"
        return f"<Evaluation of {what}: {len(self.numbers)} numbers, FD {first.distance:.4g}>"


def evaluate(
    folder: runs.Folder,
    reference: Reference,
    further: Sequence[Reference],
    seed: int,
    device: torch.device,
    progress: DrawProgress,
) -> tuple[Evaluation, list[Judgement]]:
    """Evaluate one run, and let further judges compare the same samples.

    Args:
        folder: of the run, with a checkpoint.
        reference: the real images, with the features of the first judge.
        further: the real images, with the features of each further judge.
        seed: of the samples.
        device: where to compute.
        progress: called with (done, total), in images.

    Raises:
        InputError: there is no checkpoint, its images are not finite, or it was trained on the
            features of the first judge.
    """
    saved = folder.latest()
    headline, training = weights.headline(saved), saved.header["progress"]
    model = weights.load(saved, headline, reference, device)
    if (name := reference.extractor.name) in model.trained_on_features:
        raise InputError(
            f"run {folder.path}: {TRAINED_ON}, {name}, so they cannot judge it first; give others "
            "first in `features`"
        )
    last_weights_model = model
    if headline != "last":
        last_weights_model = weights.load(saved, "last", reference, device)
    earlier = folder.snapshots_before(training["step"])
    total = (
        weights.planned(saved, len(earlier), reference)
        + reference.count * (SPREAD_SEEDS - 1)
        + encoding.planned(model, reference)
        + discrimination.planned(model, last_weights_model, reference)
    )
    draws = Draws(seed, total, progress)
    samples, measured = _draw(model, reference.count, draws)
    features = _extract(samples, reference, folder)
    records = folder.log()
    trained = Trained(
        reference, samples, features, sampling.labels(model, reference.count, seed), model, seed,
        training, records[-1] if records else {}, draws.advance, last_weights_model,
    )  # fmt: skip
    found = _of_images(trained, headline, training["step"])
    numbers, undefined = _of_model(trained)
    chosen, beside, last = _by_weights(trained, found.weights[0], further, draws)
    best, curve = weights.score_snapshots(
        saved, map(folder.read, earlier), chosen[0], reference, draws, device
    )
    of_best, missing = _of_best(chosen[0], best)
    spread = {SPREAD: _spread(model, reference, features, draws)}
    numbers, undefined = _only_finite(
        {**found.numbers, **numbers, **beside.numbers, **of_best, **spread},
        {**found.undefined, **undefined, **beside.undefined, **missing},
    )
    evaluation = replace(
        found,
        numbers=numbers,
        undefined=undefined,
        weights=[*chosen, best] if best else chosen,
        curve=curve,
        measured={**measured, **_measured_in_training(training)},
        influence={**found.influence, **beside.influence},
    )
    return evaluation, judgement.of_model(model, samples, further, last)


def evaluate_images(given: GivenImages, reference: Reference) -> Evaluation:
    """Evaluate images that are given without a model, as many as the real ones.

    Args:
        given: the images.
        reference: the real images.
    """
    samples = list(given.blocks(BLOCK))
    return _of_images(Drawn(reference, samples, reference.extractor(samples), given.labels), GIVEN)


def _of_images(drawn: Drawn, name: str, step: int | None = None) -> Evaluation:
    """Return what images alone say, as those of a choice of weights at a step."""
    reference, fd = drawn.reference, scores.fd_name(drawn.reference)
    scored = scores.score(reference, drawn.features)
    others = values(IMAGE_METRICS, drawn)
    shown = torch.cat(list(drawn.samples))[:SHOWN]
    numbers, undefined = _only_finite(
        {**scored.numbers, **others.numbers}, {**scored.undefined, **others.undefined}
    )
    return Evaluation(
        numbers=numbers,
        undefined=undefined,
        headline=name,
        weights=[WeightsChoice(name, step, scored.numbers[fd], shown)],
        curve=[],
        scored=scored,
        suspicious=_pairs(drawn),
        measured={},
        influence=scores.influence(fd, reference.test, drawn.features),
    )


def _draw(model: Model, count: int, draws: Draws) -> tuple[list[Tensor], dict[str, float]]:
    """Draw the samples, and measure the rate and the latency of sampling."""
    samples = list(draws(model, count))
    seconds = draws.seconds
    began = time.perf_counter()
    next(sampling.sample(model, 1, draws.seed))
    latency = time.perf_counter() - began
    return samples, {
        "sampling_images_per_second": count / seconds,
        "sampling_latency_seconds": latency,
    }


def _extract(samples: Sequence[Tensor], reference: Reference, folder: runs.Folder) -> Features:
    try:
        return reference.extractor(samples)
    except InputError as error:
        raise InputError(f"run {folder.path}: {error}") from None


def _of_model(trained: Trained) -> tuple[dict[str, float], dict[str, str]]:
    """Return the numbers of the model and of its training, and why others are missing."""
    of_model = values(MODEL_METRICS, trained, trained.model)
    of_training = values(TRAINING_METRICS, trained, trained.model)
    from_equilibrium = {f"{k}_from_equilibrium": v for k, v in trained.from_equilibrium.items()}
    # What training logged on the test split, with the last weights and images not binarised.
    logged = {
        f"logged_{key.partition('.')[2]}": float(value)
        for key, value in trained.last_record.items()
        if key.startswith("test.")
    }
    numbers = {
        **of_model.numbers,
        **from_equilibrium,  # includes phases without a row: those of a user's model
        **logged,
        **of_training.numbers,
    }
    return numbers, {**of_model.undefined, **of_training.undefined}


def _by_weights(
    trained: Trained, first: WeightsChoice, further: Sequence[Reference], draws: Draws
) -> tuple[list[WeightsChoice], Judgement, list[Features]]:
    """Score the last weights beside those of the headline, if they are others.

    Returns:
        The choices of weights, ``first`` before others; the FDs beside that of the headline; and
        the features of samples by the last weights, for each further judge.
    """
    reference, by_weights = trained.reference, {first.name: trained.features}
    binary = judgement.is_binary(trained.model, trained.samples)
    if trained.last_weights_model is trained.model:
        return [first], judgement.beside(reference, by_weights, binary), []
    model, judges = trained.last_weights_model, [reference, *further]
    shown, (own, *others) = weights.draw_last(model, judges, draws)
    found = judgement.beside(reference, {**by_weights, "last": own}, binary)
    return [first, WeightsChoice("last", first.step, found.numbers[LAST], shown)], found, others


def _of_best(
    headline: WeightsChoice, best: WeightsChoice | None
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the FD of the best snapshot and how far the end is from it, or why there is none."""
    keys = DISTANCE_KEYS["best"], "distance_gap"
    if best is None:
        return {}, dict.fromkeys(keys, NO_SPLIT)
    found = best.distance, headline.distance - best.distance  # of one kind of weights
    return dict(zip(keys, found, strict=True)), {}


def _only_finite(
    numbers: Mapping[str, float], undefined: Mapping[str, str]
) -> tuple[dict[str, float], dict[str, str]]:
    """Replace numbers that are infinite or NaN by the reason for their absence."""
    finite = {name: number for name, number in numbers.items() if math.isfinite(number)}
    broken = {
        name: f"it is {number}: the model is broken"
        for name, number in numbers.items()
        if name not in finite
    }
    return finite, {**undefined, **broken}


def _measured_in_training(progress: SavedProgress) -> dict[str, float]:
    """Return seconds, rate and memory of the training."""
    measured = {
        "training_seconds": progress["seconds"],
        "training_images_per_second": progress["images"] / max(progress["seconds"], 1e-9),
    }
    if (peak := progress.get("peak_memory_mib")) is not None:
        measured["training_peak_memory_mib"] = peak
    return measured


def _spread(model: Model, reference: Reference, features: Features, draws: Draws) -> float:
    """Return the standard deviation of FD over sampling seeds."""
    found = [scores.frechet(reference, features)]
    for repeat in range(1, SPREAD_SEEDS):
        other = reference.extractor(draws(model, reference.count, repeat))
        found.append(scores.frechet(reference, other))
    return torch.tensor(found).double().std().item()


def _pairs(drawn: Drawn) -> Tensor:
    """Return the most suspicious samples, each beside its nearest training image."""
    suspicions = drawn.suspicions
    chosen = suspicions.most(SUSPICIOUS)
    sources = drawn.reference.images.batch(suspicions.rows[chosen]).images
    return torch.stack([first_rows(drawn.samples, copying.COUNT)[chosen], sources], 1)
