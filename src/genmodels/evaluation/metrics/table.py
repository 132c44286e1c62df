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

# Computed by the protocol: scores of several choices of weights, and time.
PROTOCOL_METRICS: tuple[Metric[Any], ...] = (
    Metric("distance_last", "FD of the last weights", "lower",
           meaning="FD of other weights", scale="positive"),
    Metric("distance_average", "FD of the EMA weights", "lower",
           meaning="FD of other weights", scale="positive"),
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
    others = [
        replace(
            METRICS[key],
            key=f"{key}_{features}",
            label=f"{METRICS[key].label} on {features} features",
            prominent=False,
        )
        for key in BY_ALL
    ]
    return fd_metric(fd), *others


def metric_of(key: str) -> Metric[Any] | None:
    """Return the metric of a key; None for a number that only a user's model defines."""
    if key == "fid" or key.startswith("fd_"):
        return fd_metric(key)
    base, _, features = key.partition("_")
    if key not in METRICS and base in BY_ALL:
        return further_metrics("", features)[1 + BY_ALL.index(base)]
    return METRICS.get(key)


def label(key: str) -> str:
    """Return the label of a key; a key without a metric is shown with spaces."""
    metric = metric_of(key)
    return metric.label if metric else key.replace("_", " ")
