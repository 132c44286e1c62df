"""Metrics of images beside their features: copies, pixel statistics, and labels.

A new metric of this kind is one row of :data:`IMAGE_METRICS`, or of :data:`COPY_METRICS` if
baselines have it too, computed from a :class:`~genmodels.evaluation.metrics.drawn.Drawn`.
"""

from genmodels.evaluation.metrics.drawn import Drawn
from genmodels.evaluation.metrics.metric import Metric, Undefined


def _relative(drawn: Drawn, name: str) -> float:
    real = drawn.reference.pixels[name]
    if real <= 0:
        raise Undefined("real images have none")
    return drawn.pixels[name] / real


# Of the first images, ``genmodels.evaluation.copying.COUNT`` at most; also of the baselines.
COPY_METRICS: tuple[Metric[Drawn], ...] = (
    Metric(
        "copied", "copies of training images", "lower", True, lambda d: d.suspicions.share,
        "share of samples whose nearest training image is at less than a third of the distance of "
        "the next one, in pixels or in features", scale="share",
    ),
    Metric(
        "copied_held_out", "held-out images taken for copies",
        compute=lambda d: d.reference.held_out.share,
        meaning="the same share of test images, which are no copies", scale="share",
    ),
    Metric(
        "copied_excess", "copies, samples − held-out images", "lower",
        compute=lambda d: d.suspicions.share - d.reference.held_out.share,
        meaning="the difference of these shares",
    ),
)  # fmt: skip

IMAGE_METRICS: tuple[Metric[Drawn], ...] = (
    *COPY_METRICS,
    Metric(
        "sharpness", "sharpness", "", False, lambda d: d.pixels["sharpness"],
        "variance of the Laplacian (Pech-Pacheco et al., 2000); noise counts as sharp",
        scale="positive",
    ),
    Metric(
        "isolated_dots", "isolated dots per image", "lower", False,
        lambda d: d.pixels["isolated_dots"],
        "white pixels whose eight neighbours are dark, per image", scale="positive",
    ),
    Metric(
        "sharpness_relative", "sharpness ÷ real",
        compute=lambda d: _relative(d, "sharpness"),
        meaning="sharpness of samples, relative to that of test images", scale="positive",
    ),
    Metric(
        "isolated_dots_relative", "isolated dots ÷ real", "lower",
        compute=lambda d: _relative(d, "isolated_dots"),
        meaning="isolated dots of samples, relative to those of test images",
        scale="positive",
    ),
    Metric(
        "label_accuracy", "samples that look like their label", "higher",
        compute=lambda d: d.labelled.accuracy(),
        meaning="share of samples whose predicted class is the label they were generated for",
        scale="share",
    ),
    Metric(
        "distance_within_classes", "FD within classes, their mean", "lower",
        compute=lambda d: d.labelled.distance_within_classes(),
        meaning="mean over classes of the FD between samples of a label and test images of it",
    ),
)  # fmt: skip
