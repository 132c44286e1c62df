"""Every number that a comparison may hold, and how people read it.

The terminal's table, the page and the Markdown take labels, directions and the order of the
first table from here alone.
"""

from genmodels.evaluation.metrics.metric import Metric
from genmodels.evaluation.metrics.scores import SAMPLE_METRICS

_PROVIDED = (
    Metric("sharpness", "sharpness", prominent=True),
    Metric("label_accuracy", "samples that look like their label"),
    Metric("distance_within_classes", "FD within classes, their mean"),
    Metric("distance_last", "FD of the last weights"),
    Metric("distance_average", "FD of the averaged weights"),
    Metric("distance_best", "FD of the snapshot chosen on validation images"),
    Metric("distance_gap", "FD, end − chosen"),
    Metric("discriminator_ranks_training", "training images ranked above samples"),
    Metric("discriminator_ranks_held_out", "held-out images ranked above samples"),
    Metric("discriminator_from_equilibrium", "discriminator's loss − at equilibrium"),
    Metric("generator_from_equilibrium", "generator's loss − at equilibrium"),
    Metric("logged_real", "discriminator's loss on real test images"),
    Metric("logged_real_accuracy", "real test images taken for real"),
    Metric("isolated_dots", "isolated dots an image", "lower", prominent=True),
    Metric("isolated_dots_relative", "isolated dots ÷ real"),
    Metric("sharpness_relative", "sharpness ÷ real"),
    Metric("reconstruction_error", "reconstruction, squared error"),
    Metric("latents_to_prior", "latents to prior, Fréchet"),
    Metric("nll_binary_exact", "NLL, binarised pixels, nats"),
    Metric("nll_binary_iwae_100", "NLL ≤, binarised pixels, IWAE-100, nats"),
    Metric("nll_binary_elbo", "NLL ≤, binarised pixels, ELBO, nats"),
    Metric("nll_levels_exact", "NLL, 256 levels, nats"),
    Metric("nll_levels_iwae_100", "NLL ≤, 256 levels, IWAE-100, nats"),
    Metric("nll_levels_elbo", "NLL ≤, 256 levels, ELBO, nats"),
    Metric("nll_continuous_iwae_100", "NLL ≤, pixel density, IWAE-100, nats"),
    Metric("nll_continuous_elbo", "NLL ≤, pixel density, ELBO, nats"),
    Metric("sampling_images_per_second", "sampling, images/s"),
    Metric("sampling_latency_seconds", "latency of one image, s"),
    Metric("training_peak_memory_mib", "training, peak memory of the process, MiB"),
    Metric("training_teraflops", "training, 10¹² floating-point operations"),
    Metric("training_seconds", "training, s"),
    Metric("training_images_per_second", "training, images/s"),
    Metric("logged_negative_elbo", "−ELBO on grey pixels (cross-entropy), nats"),
    Metric("logged_reconstruction", "  its reconstruction term"),
    Metric("logged_kl", "  its KL term"),
)
METRICS = {metric.key: metric for metric in (*SAMPLE_METRICS, *_PROVIDED)}
PROMINENT = tuple(metric.key for metric in METRICS.values() if metric.prominent)
LOWER_IS_BETTER = {metric.key for metric in METRICS.values() if metric.better == "lower"}


def label(key: str) -> str:
    """Return the name of a number for people; a key without a row is shown with spaces."""
    if key in METRICS:
        return METRICS[key].label
    if key == "fid":
        return "FID"
    if key.startswith("fd_"):
        return f"FD on {key.removeprefix('fd_')} features"
    return key.replace("_", " ")
