"""Metrics that compare samples with test images.

All use the same number of samples and test images, one extractor, and float64. A new metric of
samples is one row of :data:`SAMPLE_METRICS`.
"""

from dataclasses import dataclass

from torch import Tensor

from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import distances
from genmodels.evaluation.metrics.extrapolation import PARTS, unbiased_frechet
from genmodels.evaluation.metrics.metric import Metric, Undefined, values
from genmodels.evaluation.metrics.samples import NEIGHBOURS as NEIGHBOURS
from genmodels.evaluation.metrics.samples import Samples
from genmodels.evaluation.reference import Reference

ENOUGH = 10  # images for each feature, where only the first order of 1/N is taken


@dataclass(frozen=True, repr=False)
class Scored:
    """The numbers of a set of samples.

    Attributes:
        numbers: key → value.
        undefined: key → why there is no value.
        histogram: the share of samples of each predicted class; empty without classes.
    """

    numbers: dict[str, float]
    undefined: dict[str, str]
    histogram: list[float]

    def __repr__(self) -> str:
        return f"<Scored: {len(self.numbers)} numbers, {len(self.undefined)} undefined>"


def class_divergence(samples: Samples) -> float:
    """Return KL(samples ‖ test images) of the shares of predicted classes, in nats.

    Raises:
        Undefined: a class is predicted for samples and for no test image.
    """
    ours, theirs = samples.classes
    occur = ours > 0
    if (theirs[occur] == 0).any():
        raise Undefined("a class is predicted for samples and for no test image")
    return (ours[occur] * (ours[occur] / theirs[occur]).log()).sum().item()


def modes(samples: Samples) -> float:
    """Return the number of classes that are predicted for samples."""
    return float((samples.classes[0] > 0).sum())


def rarest_class(samples: Samples) -> float:
    """Return the smallest ratio of a class's share of samples to its share of test images."""
    ours, theirs = samples.classes
    occur = theirs > 0
    return (ours[occur] / theirs[occur]).min().item()


def outliers(samples: Samples) -> float:
    """Return the share of samples farther from all training images than 99 % of test images."""
    return (samples.nearest > samples.reference.usual_distance).double().mean().item()


def diversity(samples: Samples) -> float:
    """Return the mean distance between samples relative to that between test images."""
    return _spread(samples.features.values) / _spread(samples.target.values)


def _unbiased(samples: Samples) -> float:
    """Return the Fréchet distance without the bias of finite numbers of images.

    Raises:
        Undefined: a quarter of a side has too few images for the extrapolation.
    """
    sides = samples.features.values, samples.target.values
    needed = PARTS[-1] * ENOUGH * sides[0].shape[1]
    if min(map(len, sides)) < needed:
        raise Undefined(f"{needed:,} images on both sides are needed for the extrapolation")
    return unbiased_frechet(*sides)


_PRECISION = "share of samples near a test image, and of test images near a sample; " \
    "Kynkäänniemi et al. (2019), k = 5"  # fmt: skip
_DENSITY = "the same, more robust to outliers; Naeem et al. (2020), k = 5"
_CLIPPED = "share of good samples: density counts those that lie among test images, coverage as " \
    "many good ones as would cover the test images equally; 1 for equal distributions, falls " \
    "linearly as good samples are replaced by bad ones, and outliers on either side change " \
    "little; Salvy et al. (2026), k = 5"  # fmt: skip

SAMPLE_METRICS: tuple[Metric[Samples], ...] = (
    Metric(
        "distance_unbiased", "FD without bias", "lower",
        compute=_unbiased,
        meaning="FD extrapolated to infinitely many samples and test images, from halves and "
        "quarters of both (after Chong & Forsyth, 2020): 0 on average for equal distributions, so "
        "it can be negative; its noise is larger than that of FD",
    ),
    Metric(
        "kid", "KID", "lower", True, lambda s: s.kernel.distance,
        "kernel distance of the features: unbiased squared MMD, cubic kernel, all pairs "
        "(Bińkowski et al., 2018)",
    ),
    Metric(
        "kid_error", "KID, standard error", "", False, lambda s: s.kernel.error,
        "standard error of KID over other sets of as many samples and test images: that of a "
        "U-statistic, in closed form (Sutherland & Deka, 2019)", scale="positive",
    ),
    Metric("precision", "precision", "higher", True, lambda s: s.neighbourhood.precision,
           _PRECISION, scale="share"),
    Metric("recall", "recall", "higher", True, lambda s: s.neighbourhood.recall, _PRECISION,
           scale="share"),
    Metric("density", "density", "higher", False, lambda s: s.neighbourhood.density, _DENSITY,
           scale="positive"),
    Metric("coverage", "coverage", "higher", True, lambda s: s.neighbourhood.coverage, _DENSITY,
           scale="share"),
    Metric("clipped_density", "clipped density", "higher", False,
           lambda s: s.neighbourhood.clipped_density, _CLIPPED, scale="share"),
    Metric("clipped_coverage", "clipped coverage", "higher", False,
           lambda s: s.neighbourhood.clipped_coverage, _CLIPPED, scale="share"),
    Metric(
        "class_kl", "class KL, nats", "lower", True, class_divergence,
        "KL divergence between the shares of classes of samples and of test images",
        scale="positive", inverse_count=True,
    ),
    Metric("modes", "modes", "higher", True, modes, "classes that occur among the samples"),
    Metric(
        "rarest_class", "rarest class ÷ real", "higher", True, rarest_class,
        "the smallest share that a class has among the samples, relative to its share of the "
        "test images", scale="positive",
    ),
    Metric(
        "outliers", "outliers", "lower", True, outliers,
        "share of samples farther from every training image than 99 % of test images are",
        scale="share",
    ),
    Metric(
        "diversity", "diversity", "", False, diversity,
        "mean distance between samples, relative to that between test images", scale="positive",
    ),
)  # fmt: skip


def fd_name(reference: Reference) -> str:
    """Return the key of the Fréchet distance: ``fid`` on Inception features, and only there."""
    name = reference.extractor.name
    return "fid" if name == "inception" else f"fd_{name}"


def fd_metric(key: str) -> Metric[Samples]:
    """Return the metric of a key that :func:`fd_name` returns, or of ``fd_*`` for all of them."""
    return Metric(
        key,
        "FID" if key == "fid" else f"FD on {key.removeprefix('fd_')} features",
        "lower",
        compute=lambda s: distances.frechet(s.target_gaussian, s.gaussian),
        meaning="Fréchet distance of Gaussians fitted to the features of samples and of test "
        "images (Dowson & Landau, 1982; Heusel et al., 2017)",
        scale="positive",
        inverse_count=True,
    )


def frechet(reference: Reference, features: Features) -> float:
    """Return the Fréchet distance to the test images."""
    return distances.frechet(reference.gaussian, distances.gaussian(features.values))


def influence(key: str, real: Features, features: Features) -> dict[str, Tensor]:
    """Return how much each real image counts in a Fréchet distance: its key → (N,), float32.

    Empty where there are not ten times as many images as features: then the first order is far too
    small.

    Args:
        key: of the distance.
        real: of the real images.
        features: of the samples.
    """
    if len(real.values) < ENOUGH * real.values.shape[1]:
        return {}
    found = distances.influence(real.values, distances.gaussian(features.values))
    return {key: found.float()}


def score(reference: Reference, features: Features, real: Features | None = None) -> Scored:
    """Compare samples with the test images.

    Args:
        reference: the real images.
        features: of the samples.
        real: features to compare with instead of those of all test images.
    """
    samples = Samples(reference, features, real)
    found = values((fd_metric(fd_name(reference)), *SAMPLE_METRICS), samples)
    try:
        histogram = samples.classes[0].tolist()
    except Undefined:
        histogram = []
    return Scored(found.numbers, found.undefined, histogram)


def _spread(features: Tensor) -> float:
    """Return the mean distance between consecutive features; samples are independent."""
    return (features[1:] - features[:-1]).norm(dim=1).mean().item()
