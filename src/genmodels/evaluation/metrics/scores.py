"""Samples → numbers: how near they come to the test images, how they differ, what is odd.

Every number is of one protocol: as many samples as test images, one extractor, float64.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import distances, pixel_statistics
from genmodels.evaluation.reference import Reference

NEIGHBOURS = 5  # Naeem et al. (2020)
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


def fd_name(reference: Reference) -> str:
    """What the Fréchet distance is called: FID on Inception features, and only there."""
    name = reference.extractor.name
    return "fid" if name == "inception" else f"fd_{name}"


def frechet(reference: Reference, features: Features) -> float:
    """The Fréchet distance to the test images."""
    return distances.frechet(reference.gaussian, distances.gaussian(features.values))


def score(reference: Reference, features: Features, real: Tensor | None = None) -> Scored:
    """Compare samples with the test images.

    Args:
        reference: the real images.
        features: of the samples.
        real: features (N, D) to compare with instead of all test images.
    """
    target = reference.test.values if real is None else real
    numbers: dict[str, float] = {}
    undefined: dict[str, str] = {}
    gaussian = reference.gaussian if real is None else distances.gaussian(target)
    numbers[fd_name(reference)] = distances.frechet(gaussian, distances.gaussian(features.values))
    numbers["kid"] = distances.kernel(target, features.values)
    if min(len(target), len(features.values)) > NEIGHBOURS:
        cloud = distances.neighbourhood(target, features.values, NEIGHBOURS)
        numbers |= vars(cloud)
    else:
        few = f"needs more than {NEIGHBOURS} images on both sides"
        undefined |= dict.fromkeys(("precision", "recall", "density", "coverage"), few)
    histogram = _classes(reference, features, numbers, undefined)
    near = distances.nearest(features.values, reference.train.values)
    low, high = reference.usual_distance
    numbers["memorised"] = (near.distances < low).double().mean().item()
    numbers["outliers"] = (near.distances > high).double().mean().item()
    numbers["diversity"] = _spread(features.values) / _spread(reference.test.values)
    order = near.distances.argsort()[:SUSPICIOUS]
    train_rows = reference.images.splits["train"]
    sources = train_rows[near.rows[order]].tolist()
    return Scored(numbers, undefined, order.tolist(), sources, histogram)


def pixels(
    reference: Reference, blocks: Iterable[Tensor]
) -> tuple[dict[str, float], dict[str, str]]:
    """Sharpness and isolated dots of samples, alone and relative to the test images."""
    found, real = pixel_statistics.of_blocks(blocks), reference.pixels
    numbers, undefined = dict(found), {}
    for name, value in found.items():
        if real[name] > 0:
            numbers[f"{name}_relative"] = value / real[name]
        else:
            undefined[f"{name}_relative"] = "real images have none"
    return numbers, undefined


def _classes(
    reference: Reference,
    features: Features,
    numbers: dict[str, float],
    undefined: dict[str, str],
) -> list[float]:
    """KL(samples ‖ test) between the shares of classes, in nats, the number of classes that
    occur, and the smallest share among the samples relative to the test images' share; all as
    the extractor sees them."""
    if features.labels is None or reference.test.labels is None:
        why = "the extractor knows no classes"
        undefined |= {"class_kl": why, "modes": why, "rarest_class": why}
        return []
    count = len(reference.images.classes)
    ours, theirs = (
        torch.bincount(labels, minlength=count).double() / len(labels)
        for labels in (features.labels, reference.test.labels)
    )
    seen = ours > 0
    if (theirs[seen] == 0).any():
        undefined["class_kl"] = "samples look like classes that no test image looks like"
    else:
        numbers["class_kl"] = (ours[seen] * (ours[seen] / theirs[seen]).log()).sum().item()
    numbers["modes"] = float(seen.sum())
    there = theirs > 0
    numbers["rarest_class"] = (ours[there] / theirs[there]).min().item()
    return ours.tolist()


def _spread(features: Tensor) -> float:
    """Mean distance between neighbours in a sequence of independent samples."""
    return (features[1:] - features[:-1]).norm(dim=1).mean().item()
