"""Every number that a comparison may hold, and how people read it.

The terminal's table, the page, the Markdown and the documentation take labels, directions and
the order of the first table from here alone.
"""

from typing import Any

from genmodels.evaluation.metrics.metric import Metric
from genmodels.evaluation.metrics.model_metrics import MODEL_METRICS, TRAINING_METRICS
from genmodels.evaluation.metrics.scores import SAMPLE_METRICS, fd_metric

FD = fd_metric("fd_*")  # stands for the distances on all features

# Provided by the protocol, which scores several choices of a run's weights and takes the time.
PROTOCOL_METRICS: tuple[Metric[Any], ...] = (
    Metric("distance_last", "FD of the last weights", "lower", meaning="FD of other weights"),
    Metric("distance_average", "FD of the EMA weights", "lower",
           meaning="FD of other weights"),
    Metric(
        "distance_best", "FD of the snapshot chosen on validation images", "lower",
        meaning="FD on test images of the snapshot that has the lowest FD on validation images",
    ),
    Metric(
        "distance_gap", "FD, end − chosen",
        meaning="FD of the end minus FD of that snapshot, with the same kind of weights; large "
        "if the training was better on its way",
    ),
    Metric("sampling_images_per_second", "sampling, images/s", "higher",
           meaning="samples drawn a second, in blocks"),
    Metric("sampling_latency_seconds", "latency of one image, s", "lower",
           meaning="seconds for a single sample"),
    Metric("training_seconds", "training, s", meaning="seconds of training"),
    Metric("training_images_per_second", "training, images/s", "higher",
           meaning="images trained on a second"),
    Metric("training_peak_memory_mib", "training, peak memory of the process, MiB", "lower",
           meaning="largest memory of the process that trained"),
)  # fmt: skip

# Logged by training of test images, with the last weights and the images as they are.
LOGGED_METRICS: tuple[Metric[Any], ...] = (
    Metric(
        "logged_negative_elbo", "−ELBO on grey pixels (cross-entropy), nats", "lower",
        meaning="the training objective on test images, with grey values as they are: comparable "
        "with numbers of this kind only",
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
    Metric("logged_real_accuracy", "real test images taken for real",
           meaning="share of test images that the discriminator takes for real"),
    Metric("logged_real_above_fake", "real test images ranked above samples",
           meaning="share of test images that the discriminator ranks above a sample"),
)  # fmt: skip

METRICS: dict[str, Metric[Any]] = {
    metric.key: metric
    for group in (
        SAMPLE_METRICS,
        MODEL_METRICS,
        TRAINING_METRICS,
        PROTOCOL_METRICS,
        LOGGED_METRICS,
    )
    for metric in group
}
PROMINENT = tuple(metric.key for metric in METRICS.values() if metric.prominent)
LOWER_IS_BETTER = {metric.key for metric in METRICS.values() if metric.better == "lower"}


def metric_of(key: str) -> Metric[Any] | None:
    """Return the row of a number; None for one that only a user's own model or data has."""
    if key == "fid" or key.startswith("fd_"):
        return fd_metric(key)
    return METRICS.get(key)


def label(key: str) -> str:
    """Return the name of a number for people; a key without a row is shown with spaces."""
    metric = metric_of(key)
    return metric.label if metric else key.replace("_", " ")
