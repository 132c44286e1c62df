"""One run under the one protocol: which weights, which samples, which numbers.

Snapshots are chosen on the validation split and scored on the test split. Latents come from
positions of their own, so evaluation neither disturbs training nor depends on it.
"""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from genmodels import runs, sampling
from genmodels.data.images import TRAIN
from genmodels.errors import InputError
from genmodels.evaluation.draws import Draws, Told
from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import abilities, distances, scores
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Fitted, Model
from genmodels.runs.checkpoint import Checkpoint
from genmodels.system import randomness

COUNT = 10_000  # samples and test images; Lucic et al. (2018)
FEW = 2000  # below which the bias of the Fréchet distance is flagged
CURVE_COUNT = 2000  # samples of a snapshot on the way, at most
SPREAD_SEEDS = 3  # sampling seeds that the spread of a run's distance is taken over
SHOWN = 64

NO_SPLIT = "data.validation is 0, so no split is left to choose on"


@dataclass(frozen=True)
class Weights:
    """One choice of a run's weights.

    Attributes:
        name: ``last``, ``average`` or ``best``.
        step: at which they stood.
        distance: their Fréchet distance on the test split.
        samples: (64, C, H, W), from the same latents for every choice and every model.
    """

    name: str
    step: int
    distance: float
    samples: Tensor


@dataclass(frozen=True)
class Point:
    """A snapshot on the way: when, and its Fréchet distance on ``split``."""

    step: int
    images: int
    seconds: float
    distance: float


@dataclass(frozen=True)
class Evaluation:
    """What is known of one run.

    Attributes:
        numbers: name → value, of the headline weights.
        undefined: name → why there is no value.
        headline: which weights those are: the average where there is one.
        weights: every choice of weights.
        spread: standard deviation of the distance over sampling seeds.
        curve: the snapshots, and the end.
        scored: the details of the headline's score.
        suspicious: (8, 2, C, H, W): samples beside the training images nearest to them.
        measured: what another machine, or another day, would measure otherwise.
    """

    numbers: Mapping[str, float]
    undefined: Mapping[str, str]
    headline: str
    weights: Sequence[Weights]
    spread: float
    curve: Sequence[Point]
    scored: Scored
    suspicious: Tensor
    measured: Mapping[str, float] = field(compare=False)


def evaluate(
    folder: runs.Folder, reference: Reference, seed: int, device: torch.device, told: Told
) -> Evaluation:
    """Measure one run.

    Args:
        folder: of the run, with a checkpoint.
        reference: the real images.
        seed: of the samples.
        device: where to compute.
        told: hears how many samples are drawn, and of how many.

    Raises:
        InputError: there is no checkpoint, or its images are not finite.
    """
    saved = folder.latest()
    headline = _headline(saved)
    model = _ready(saved, headline, reference, device)
    progress = saved.header["progress"]
    earlier = folder.snapshots_before(progress["step"])
    planned = _planned(headline, len(earlier), reference) + abilities.planned(model, reference)
    draws = Draws(seed, planned, told)
    features, kept, measured = _seen(folder, model, reference, draws)
    scored = scores.score(reference, features)
    pixel_numbers, undefined = scores.pixels(reference, kept)
    numbers = {
        **scored.numbers,
        **pixel_numbers,
        **abilities.measure(model, folder, reference, features, kept, draws),
    }
    undefined = {**scored.undefined, **undefined, **abilities.lacking(numbers)}
    if headline == "last":
        undefined["distance_average"] = "no average of the weights was kept"
    numbers["parameters_sampling"] = float(_parameters(model.sampling_module()))
    numbers["parameters_training"] = float(_parameters(model))
    numbers["latent_dimensions"] = float(model.latent_dim)
    numbers["training_images"] = float(progress["images"])
    if "flops_per_image" in progress:
        numbers["training_teraflops"] = progress["flops_per_image"] * progress["images"] / 1e12
    else:
        undefined["training_teraflops"] = "not counted when the run was trained"
    measured = {
        **measured,
        "training_seconds": progress["seconds"],
        "training_images_per_second": progress["images"] / max(progress["seconds"], 1e-9),
    }
    if progress.get("peak_memory_mib") is not None:
        measured["training_peak_memory_mib"] = progress["peak_memory_mib"]
    fd = scores.fd_name(reference)
    first = Weights(headline, progress["step"], numbers[fd], torch.cat(kept)[:SHOWN])
    chosen, curve = _choices(saved, map(folder.read, earlier), first, reference, draws, device)
    apart = {weights.name: weights.distance for weights in chosen}
    numbers |= {f"distance_{name}": distance for name, distance in apart.items()}
    if "best" in apart:
        numbers["distance_gap"] = numbers[fd] - apart["best"]  # of the same kind of weights
    else:
        undefined["distance_best"] = undefined["distance_gap"] = NO_SPLIT
    for name in [name for name, number in numbers.items() if not math.isfinite(number)]:
        undefined[name] = f"it is {numbers.pop(name)}, as of a broken model"
    pairs = torch.stack([torch.cat(kept)[scored.samples], _rows(reference, scored.sources)], 1)
    return Evaluation(
        numbers=numbers,
        undefined=undefined,
        headline=headline,
        weights=chosen,
        spread=_spread(model, reference, features, draws),
        curve=curve,
        scored=scored,
        suspicious=pairs,
        measured=measured,
    )


def _headline(saved: Checkpoint) -> sampling.Weights:
    return "average" if saved.part("average.") else "last"


def _planned(headline: sampling.Weights, earlier: int, reference: Reference) -> int:
    """How many samples an evaluation takes of a run with so many earlier snapshots."""
    choices = 1 + (headline == "average") + (reference.selection is not None)
    drawn = reference.count * (choices + SPREAD_SEEDS - 1)
    return drawn + curve_count(reference) * (earlier + 1)


def curve_count(reference: Reference) -> int:
    """How many samples a snapshot on the way is given."""
    return min(CURVE_COUNT, reference.count)


def _ready(
    source: Checkpoint, weights: sampling.Weights, reference: Reference, device: torch.device
) -> Model:
    """Load a model; what was saved on the way gets its fitted part only now."""
    model = sampling.load_model(source, weights, device)
    if isinstance(model, Fitted) and not model.fitted:
        rows = reference.images.count(TRAIN)
        with randomness.placed(0, "fit", device=device):
            model.fit(batch.to(device) for batch in reference.batches(TRAIN, rows))
    return model


def _seen(
    folder: runs.Folder, model: Model, reference: Reference, draws: Draws
) -> tuple[Features, list[Tensor], dict[str, float]]:
    """Draw the samples, keep them, see them, and time the drawing."""
    kept = list(draws(model, reference.count))
    seconds = draws.seconds
    began = time.perf_counter()
    next(sampling.sample(model, 1, draws.seed))
    latency = time.perf_counter() - began
    measured = {
        "sampling_images_per_second": reference.count / seconds,
        "sampling_latency_seconds": latency,
    }
    try:
        return reference.extractor(kept), kept, measured
    except InputError as error:
        raise InputError(f"run {folder.path}: {error}") from None


def _choices(
    saved: Checkpoint,
    earlier: Iterable[Checkpoint],
    first: Weights,
    reference: Reference,
    draws: Draws,
    device: torch.device,
) -> tuple[list[Weights], list[Point]]:
    """Score every choice of weights beside the one that is ``first``, and the way there."""
    chosen, headline = [first], _headline(saved)
    if headline == "average":
        chosen.append(_other(saved, "last", "last", reference, draws, device))
    curve, best = _curve((*earlier, saved), headline, reference, draws, device)
    if best is saved:
        draws.count(reference.count)
        chosen.append(replace(first, name="best"))
    elif best is not None:
        chosen.append(_other(best, "best", headline, reference, draws, device))
    return chosen, curve


def _curve(
    sources: Iterable[Checkpoint],
    weights: sampling.Weights,
    reference: Reference,
    draws: Draws,
    device: torch.device,
) -> tuple[list[Point], Checkpoint | None]:
    """Measure the snapshots and the end, on the validation split where there is one; the
    snapshot that is best there is chosen."""
    target = reference.selection or reference.gaussian
    points: list[Point] = []
    best: Checkpoint | None = None
    for source in sources:
        progress = source.header["progress"]
        model = _ready(source, weights, reference, device)
        seen = reference.extractor(draws(model, curve_count(reference)))
        distance = distances.frechet(target, distances.gaussian(seen.values))
        if reference.selection and distance < min((p.distance for p in points), default=torch.inf):
            best = source
        points.append(Point(progress["step"], progress["images"], progress["seconds"], distance))
    return points, best


def _other(
    source: Checkpoint,
    name: str,
    weights: sampling.Weights,
    reference: Reference,
    draws: Draws,
    device: torch.device,
) -> Weights:
    """Score another choice of weights on the test split."""
    model = _ready(source, weights, reference, device)
    kept: list[Tensor] = []

    def blocks() -> Iterator[Tensor]:
        for block in draws(model, reference.count):
            if not kept:
                kept.append(block[:SHOWN])
            yield block

    distance = scores.frechet(reference, reference.extractor(blocks()))
    return Weights(name, source.header["progress"]["step"], distance, kept[0])


def _spread(model: Model, reference: Reference, features: Features, draws: Draws) -> float:
    """How much of the distance is the luck of the draw."""
    found = [scores.frechet(reference, features)]
    for other in range(1, SPREAD_SEEDS):
        seen = reference.extractor(draws(model, reference.count, again=other))
        found.append(scores.frechet(reference, seen))
    return torch.tensor(found).double().std().item()


def _rows(reference: Reference, rows: Sequence[int]) -> Tensor:
    return reference.images.batch(torch.tensor(rows)).images


def _parameters(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
