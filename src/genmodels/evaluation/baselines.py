"""Reference scores beside the models': noise floor, copied training set, two simple baselines."""

from collections.abc import Iterator

import torch
from torch import Tensor

from genmodels.data.images import TEST, TRAIN
from genmodels.evaluation.features.extractor import BLOCK
from genmodels.evaluation.metrics import scores
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.reference import Reference
from genmodels.system import randomness

COMPONENTS = 100  # principal components of the pixel Gaussian
FITTED = 10_000  # training images that the Gaussian and the mean are taken from

MEANINGS = {
    "floor": "one half of the test images scored against the other",
    "copycat": "training images scored as if they were samples",
    "gaussian": f"a Gaussian over {COMPONENTS} principal components of the pixels",
    "mean_image": "the mean training image, repeated",
}
SIMPLE = ("gaussian", "mean_image")  # a trained model should do better than these


def score(reference: Reference) -> dict[str, Scored]:
    """Score every baseline as samples are scored.

    The floor has half as many images on each side: it is made of the test images alone.
    """
    half = reference.count // 2
    real = reference.test
    found = {"floor": scores.score(reference, real[slice(half, 2 * half)], real.values[:half])}
    rows = reference.random_rows(TRAIN, reference.count)
    found["copycat"] = scores.score(reference, reference.table[rows])
    for name, blocks in (
        ("gaussian", gaussian_images(reference)),
        ("mean_image", mean_images(reference)),
    ):
        found[name] = scores.score(reference, reference.extractor(blocks))
    return found


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
    """Draw from the Gaussian that has the pixels' mean and largest principal components."""
    rows = reference.random_rows(TRAIN, FITTED)
    pixels = reference.images.batch(rows).images
    flat = pixels.flatten(1)
    mean = flat.mean(0)
    with randomness.placed(0, "principal components"):
        components = min(COMPONENTS, *flat.shape)
        _, scales, axes = torch.svd_lowrank(flat - mean, components, niter=4)
    scales = scales / (len(flat) - 1) ** 0.5
    for number, start in enumerate(range(0, reference.count, BLOCK)):
        size = min(BLOCK, reference.count - start)
        generator = randomness.generator(0, "pixel Gaussian", number)
        drawn = torch.randn(BLOCK, len(scales), generator=generator)[:size] * scales
        yield (drawn @ axes.T + mean).clamp(0, 1).unflatten(1, pixels.shape[1:])


def mean_images(reference: Reference) -> Iterator[Tensor]:
    """Repeat the mean of the training images."""
    rows = reference.random_rows(TRAIN, FITTED)
    mean = reference.images.batch(rows).images.mean(0, keepdim=True)
    for start in range(0, reference.count, BLOCK):
        yield mean.expand(min(BLOCK, reference.count - start), -1, -1, -1)
