"""Samples → numbers: how near they come to the test images, how they differ, what is odd.

Every number is of one protocol: as many samples as test images, one extractor, float64. A new
metric of samples is one row of :data:`SAMPLE_METRICS`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor

from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import distances, pixel_statistics
from genmodels.evaluation.metrics.metric import Metric
from genmodels.evaluation.metrics.samples import NEIGHBOURS as NEIGHBOURS
from genmodels.evaluation.metrics.samples import Samples, Undefined
from genmodels.evaluation.reference import Reference

SUSPICIOUS = 8  # pairs of a sample and the training image it is nearest to


@dataclass(frozen=True)
class Scored:
    """The numbers of a set of samples.

    Attributes:
        numbers: name → value.
        undefined: name → why there is no value.
        samples: rows of the most suspicious samples, nearest to a training image first.
        sources: for each of them the row of that training image in the data's table.
        histogram: the share of samples that look like each class; empty without classes.
    """

    numbers: dict[str, float]
    undefined: dict[str, str]
    samples: list[int]
    sources: list[int]
    histogram: list[float]


def class_divergence(samples: Samples) -> float:
    """Return KL(samples ‖ test images) between the shares of classes, in nats.

    Raises:
        Undefined: a class among the samples does not occur among the test images.
    """
    ours, theirs = samples.classes
    seen = ours > 0
    if (theirs[seen] == 0).any():
        raise Undefined("samples look like classes that no test image looks like")
    return (ours[seen] * (ours[seen] / theirs[seen]).log()).sum().item()


def modes(samples: Samples) -> float:
    """Return how many classes occur among the samples."""
    return float((samples.classes[0] > 0).sum())


def rarest_class(samples: Samples) -> float:
    """Return the smallest share of a class relative to its share among the test images."""
    ours, theirs = samples.classes
    there = theirs > 0
    return (ours[there] / theirs[there]).min().item()


def memorised(samples: Samples) -> float:
    """Return the share of samples nearer to a training image than 1 % of test images are."""
    return (samples.nearest.distances < samples.reference.usual_distance[0]).double().mean().item()


def outliers(samples: Samples) -> float:
    """Return the share of samples farther from all training images than 99 % of test images."""
    return (samples.nearest.distances > samples.reference.usual_distance[1]).double().mean().item()


def diversity(samples: Samples) -> float:
    """Return the mean distance between samples relative to that between test images."""
    return _spread(samples.features.values) / _spread(samples.reference.test.values)


SAMPLE_METRICS = (
    Metric("kid", "KID", "lower", True, lambda s: distances.kernel(s.target, s.features.values)),
    Metric("precision", "precision", "higher", True, lambda s: s.neighbourhood.precision),
    Metric("recall", "recall", "higher", True, lambda s: s.neighbourhood.recall),
    Metric("density", "density", "higher", True, lambda s: s.neighbourhood.density),
    Metric("coverage", "coverage", "higher", True, lambda s: s.neighbourhood.coverage),
    Metric("class_kl", "class KL, nats", "lower", True, class_divergence),
    Metric("modes", "modes", "higher", True, modes),
    Metric("rarest_class", "rarest class ÷ real", "higher", True, rarest_class),
    Metric("memorised", "memorised", "lower", True, memorised),
    Metric("outliers", "outliers", "lower", True, outliers),
    Metric("diversity", "diversity", "", True, diversity),
)


def fd_name(reference: Reference) -> str:
    """Return the key of the Fréchet distance: ``fid`` on Inception features, and only there."""
    name = reference.extractor.name
    return "fid" if name == "inception" else f"fd_{name}"


def frechet(reference: Reference, features: Features) -> float:
    """Return the Fréchet distance to the test images."""
    return distances.frechet(reference.gaussian, distances.gaussian(features.values))


def score(reference: Reference, features: Features, real: Tensor | None = None) -> Scored:
    """Compare samples with the test images.

    Args:
        reference: the real images.
        features: of the samples.
        real: features (N, D) to compare with instead of all test images.
    """
    samples = Samples(reference, features, real)
    numbers = {fd_name(reference): distances.frechet(samples.target_gaussian, samples.gaussian)}
    undefined: dict[str, str] = {}
    for metric in SAMPLE_METRICS:
        assert metric.compute is not None, "a metric of samples is computed from them"
        try:
            numbers[metric.key] = metric.compute(samples)
        except Undefined as why:
            undefined[metric.key] = str(why)
    try:
        histogram = samples.classes[0].tolist()
    except Undefined:
        histogram = []
    order = samples.nearest.distances.argsort()[:SUSPICIOUS]
    sources = reference.images.splits["train"][samples.nearest.rows[order]]
    return Scored(numbers, undefined, order.tolist(), sources.tolist(), histogram)


def pixels(
    reference: Reference, blocks: Iterable[Tensor]
) -> tuple[dict[str, float], dict[str, str]]:
    """Return sharpness and isolated dots of samples, alone and relative to the test images."""
    found, real = pixel_statistics.of_blocks(blocks), reference.pixels
    numbers, undefined = dict(found), {}
    for name, value in found.items():
        if real[name] > 0:
            numbers[f"{name}_relative"] = value / real[name]
        else:
            undefined[f"{name}_relative"] = "real images have none"
    return numbers, undefined


def _spread(features: Tensor) -> float:
    """Mean distance between neighbours in a sequence of independent samples."""
    return (features[1:] - features[:-1]).norm(dim=1).mean().item()
