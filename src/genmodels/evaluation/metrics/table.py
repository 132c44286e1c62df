"""The table of all metrics of a comparison.

The terminal, the HTML page, the Markdown report and the documentation take labels, directions
and the order of metrics from it.
"""

from dataclasses import replace
from typing import Any

from genmodels.evaluation.metrics.image_metrics import IMAGE_METRICS
from genmodels.evaluation.metrics.metric import Metric
from genmodels.evaluation.metrics.model_metrics import MODEL_METRICS, TRAINING_METRICS
from genmodels.evaluation.metrics.scores import SAMPLE_METRICS, fd_metric

FD = fd_metric("fd_*")  # the Fréchet distance on any features
BY_ALL = ("kid",)  # the sample metrics that every judge gives, beside FD
# Choice of weights → key of its FD; that of ``ema`` keeps its former name.
DISTANCE_KEYS = {"last": "distance_last", "ema": "distance_average", "best": "distance_best"}
LAST = DISTANCE_KEYS["last"]
BINARISED, BINARISATION = "distance_binarised", "distance_binarisation"
SPREAD = "sampling_spread"
# FDs that every judge gives of a model beside that of its headline.
BESIDE = (LAST, DISTANCE_KEYS["ema"], BINARISED, BINARISATION)

# Computed by the protocol: scores of several choices of weights, of binary pixels, and time.
PROTOCOL_METRICS: tuple[Metric[Any], ...] = (
    Metric(LAST, "FD of the last weights", "lower",
           meaning="FD by either kind of weights; one of the two is FD itself", scale="positive"),
    Metric(DISTANCE_KEYS["ema"], "FD of the EMA weights", "lower",
           meaning="FD by either kind of weights; one of the two is FD itself", scale="positive"),
    Metric(
        BINARISED, "FD to binarised test images", "lower", True,
        meaning="FD of the samples of a model of binary pixels to the test images, binarised as "
        "for its likelihood: each pixel is drawn once as 0 or 1, with the grey value as the "
        "probability of 1. Like is compared with like here; FD itself is to the grey images",
        scale="positive",
    ),
    Metric(
        BINARISATION, "FD of binarised test images to grey ones",
        meaning="what real images have themselves once they are binarised; the FD of a model of "
        "binary pixels is read beside it",
        scale="positive",
    ),
    Metric(
        "distance_best", "FD of the snapshot chosen on validation images", "lower",
        meaning="FD on test images of the snapshot that has the lowest FD on validation images",
        scale="positive",
    ),
    Metric(
        "distance_gap", "FD, end − chosen",
        meaning="FD of the last checkpoint minus FD of that snapshot, with the same kind of "
        "weights; large if the model got worse during training",
    ),
    Metric(
        SPREAD, "FD, standard deviation over sampling seeds",
        meaning="standard deviation of FD over sets of samples from different latents",
        scale="positive",
    ),
    Metric("sampling_images_per_second", "sampling, images/s", "higher",
           meaning="samples drawn per second, in blocks"),
    Metric("sampling_latency_seconds", "latency of one image, s", "lower",
           meaning="seconds for a single sample"),
    Metric("training_seconds", "training, s", meaning="seconds of training"),
    Metric("training_images_per_second", "training, images/s", "higher",
           meaning="images trained on per second"),
    Metric("training_peak_memory_mib", "training, peak memory of the process, MiB", "lower",
           meaning="peak memory of the training process"),
)  # fmt: skip

# Logged on test images during training, with the last weights and images not binarised.
LOGGED_METRICS: tuple[Metric[Any], ...] = (
    Metric(
        "logged_negative_elbo", "−ELBO on grey pixels (cross-entropy), nats", "lower",
        meaning="the training objective on test images, with grey pixels; comparable only with "
        "other numbers of this kind",
    ),
    Metric("logged_reconstruction", "reconstruction term, nats", meaning="a term of −ELBO"),
    Metric("logged_kl", "KL term, nats", meaning="a term of −ELBO"),
    Metric("logged_nll", "NLL of test images as trained, nats", "lower",
           meaning="the training objective on test images"),
    Metric("logged_squared_error", "squared error of test images as trained", "lower",
           meaning="the training objective on test images, summed over pixels"),
    Metric("logged_similarity", "feature distance of reconstructions", "lower",
           meaning="distance of test images from their reconstructions in the features of the "
           "discriminator"),
    Metric("logged_prior", "NLL of the codes of test images, nats", "lower",
           meaning="NLL of the codes under the learned prior"),
    Metric("logged_real", "discriminator's loss on real test images",
           meaning="the part of the discriminator's loss that real images cause"),
    Metric("logged_real_accuracy", "test images classified as real",
           meaning="share of test images that the discriminator classifies as real",
           scale="share"),
    Metric("logged_real_above_fake", "real test images ranked above samples",
           meaning="share of test images that the discriminator ranks above a sample",
           scale="share"),
)  # fmt: skip

METRICS: dict[str, Metric[Any]] = {
    metric.key: metric
    for group in (
        SAMPLE_METRICS,
        IMAGE_METRICS,
        MODEL_METRICS,
        TRAINING_METRICS,
        PROTOCOL_METRICS,
        LOGGED_METRICS,
    )
    for metric in group
}
PROMINENT = tuple(metric.key for metric in METRICS.values() if metric.prominent)
LOWER_IS_BETTER = {metric.key for metric in METRICS.values() if metric.better == "lower"}


def further_metrics(fd: str, features: str) -> tuple[Metric[Any], ...]:
    """Return the metrics of a further judge: FD, and :data:`BY_ALL` on its features.

    Args:
        fd: the key of its FD.
        features: the name of its features.
    """
    return fd_metric(fd), *(_by(key, features) for key in BY_ALL)


def key_by(key: str, features: str) -> str:
    """Return the key that a number has by a further judge, with features of this name."""
    return f"{key}_{features}"


def _by(key: str, features: str) -> Metric[Any]:
    """Return the metric of a number by a further judge."""
    own = METRICS[key]
    by = f"{own.label} on {features} features"
    return replace(own, key=key_by(key, features), label=by, prominent=False)


def metric_of(key: str) -> Metric[Any] | None:
    """Return the metric of a key; None for a number that only a user's model defines."""
    if key == "fid" or key.startswith("fd_"):
        return fd_metric(key)
    if key in METRICS:
        return METRICS[key]
    bases = (base for base in (*BY_ALL, *BESIDE) if key.startswith(key_by(base, "")))
    base = next(bases, None)
    return None if base is None else _by(base, key.removeprefix(key_by(base, "")))


def label(key: str) -> str:
    """Return the label of a key; a key without a metric is shown with spaces."""
    metric = metric_of(key)
    return metric.label if metric else key.replace("_", " ")
