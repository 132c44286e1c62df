"""Reference scores beside the models': noise floor, copied training set, two simple baselines."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from genmodels.data.images import TEST, TRAIN
from genmodels.evaluation import copying
from genmodels.evaluation.features.extractor import BLOCK, Features
from genmodels.evaluation.metrics import scores
from genmodels.evaluation.metrics.drawn import Drawn
from genmodels.evaluation.metrics.image_metrics import COPY_METRICS
from genmodels.evaluation.metrics.metric import values
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.metrics.table import metric_of
from genmodels.evaluation.reference import Reference
from genmodels.system import randomness
from genmodels.system.tuning import threads

COMPONENTS = 100  # principal components of the pixel Gaussian
FITTED = 10_000  # training images that the Gaussian and the mean are computed from

MEANINGS = {
    "floor": "one half of the test images scored against the other; numbers that fall as 1/N with "
    "N images on each side, such as FD, are divided by 2, to stand beside those of all images",
    "copycat": "training images scored as if they were samples",
    "gaussian": f"a Gaussian over {COMPONENTS} principal components of the pixels",
    "mean_image": "the mean training image, repeated",
}
SIMPLE = ("gaussian", "mean_image")  # a trained model should do better than these
Score = Callable[[Drawn, Features | None], Scored]


def score(drawn: Drawn, real: Features | None = None) -> Scored:
    """Score images by their features, and count copies among the first.

    Args:
        drawn: the images.
        real: features to compare with instead of those of all test images.
    """
    scored = scores.score(drawn.reference, drawn.features, real)
    return replace(scored, numbers=scored.numbers | values(COPY_METRICS, drawn).numbers)


def floor(reference: Reference, score: Score = score) -> Scored:
    """Score one half of the test images against the other, for as many as samples have.

    Each side has half as many images. A number whose mean is c/N for equal distributions, such as
    FD (Chong & Forsyth, 2020), would be twice as large as that of as many real images as there are
    samples, so it is multiplied by the share of the images that a side has.
    """
    half = reference.count // 2
    rows = reference.random_rows(TEST, reference.count)
    found = score(_real(reference, rows[half : 2 * half]), reference.table[rows[:half]])
    share = half / reference.count
    numbers = {
        key: value * share if (metric := metric_of(key)) and metric.inverse_count else value
        for key, value in found.numbers.items()
    }
    return replace(found, numbers=numbers)


def copycat(reference: Reference, score: Score = score) -> Scored:
    """Score training images as if they were samples."""
    return score(_real(reference, reference.random_rows(TRAIN, reference.count)), None)


def images(reference: Reference, count: int) -> dict[str, Tensor]:
    """Return the first images of every baseline, (count, C, H, W)."""
    rows = reference.random_rows(TRAIN, reference.count)[:count]
    return {
        "floor": next(reference.batches(TEST, count)).images,
        "copycat": reference.images.batch(rows).images,
        "gaussian": next(gaussian_images(reference))[:count],
        "mean_image": next(mean_images(reference))[:count],
    }


def gaussian_images(reference: Reference) -> Iterator[Tensor]:
    """Yield draws from a Gaussian over the largest principal components of the pixels."""
    rows = reference.random_rows(TRAIN, FITTED)
    pixels = reference.images.batch(rows).images
    mean, axes = _principal(pixels.flatten(1))
    for number, start in enumerate(range(0, reference.count, BLOCK)):
        size = min(BLOCK, reference.count - start)
        generator = randomness.generator(0, "pixel Gaussian", number)
        drawn = torch.randn(BLOCK, len(axes), generator=generator)[:size]
        yield _mixed(drawn, axes, mean).clamp(0, 1).unflatten(1, pixels.shape[1:])


@threads(1)  # so that rounding does not depend on their number
def _principal(flat: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (D,) and the principal axes (K, D), as long as standard deviations."""
    mean = flat.mean(0)
    with randomness.placed(0, "principal components"):
        components = min(COMPONENTS, *flat.shape)
        _, scales, axes = torch.svd_lowrank(flat - mean, components, niter=4)
    return mean, (axes * _signs(axes) * scales).T / (len(flat) - 1) ** 0.5


@threads(1)
def _mixed(drawn: Tensor, axes: Tensor, mean: Tensor) -> Tensor:
    return drawn @ axes + mean


def _signs(axes: Tensor) -> Tensor:
    """Return the sign of each axis's largest pixel: (D, K) → (K,), 1 or −1.

    A decomposition leaves the signs open, and rounding decides them otherwise.
    """
    largest = axes.abs().argmax(0)
    return axes[largest, torch.arange(axes.shape[1])].sign()


def mean_images(reference: Reference) -> Iterator[Tensor]:
    """Yield copies of the mean training image."""
    rows = reference.random_rows(TRAIN, FITTED)
    mean = reference.images.batch(rows).images.mean(0, keepdim=True)
    for start in range(0, reference.count, BLOCK):
        yield mean.expand(min(BLOCK, reference.count - start), -1, -1, -1)


def _score_images(
    draw: Callable[[Reference], Iterator[Tensor]], reference: Reference, score: Score = score
) -> Scored:
    blocks = list(draw(reference))
    return score(Drawn(reference, blocks, reference.extractor(blocks), None), None)


def _real(reference: Reference, rows: Tensor) -> Drawn:
    """Return rows of the data with their features; of the images the first are enough."""
    images = reference.images.batch(rows[: copying.COUNT]).images
    return Drawn(reference, [images], reference.table[rows], None)


# Baseline → the function that scores it as samples are scored; others may be given to it.
SCORES: Mapping[str, Callable[..., Scored]] = {
    "floor": floor,
    "copycat": copycat,
    "gaussian": partial(_score_images, gaussian_images),
    "mean_image": partial(_score_images, mean_images),
}
