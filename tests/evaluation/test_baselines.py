"""The noise floor reads as real images do that are as many as the samples."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from genmodels.evaluation import baselines
from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import scores
from genmodels.evaluation.reference import Reference

COUNT, SIZE, CLASSES = 400, 8, 4


@pytest.fixture(scope="module")
def seen(glyphs_reference: Reference) -> Reference:
    return replace(glyphs_reference, count=COUNT, views={})


def equal(seen: Reference, seed: int) -> Reference:
    """Replace the features of all images by those of one distribution."""
    generator = torch.Generator().manual_seed(seed)
    count = len(seen.table.values)
    values = torch.randn(count, SIZE, generator=generator).double()
    labels = torch.randint(CLASSES, (count,), generator=generator)
    return replace(seen, table=Features(values, labels), views={})


def test_the_floor_is_what_as_many_real_images_have(seen: Reference) -> None:
    fd = scores.fd_name(seen)
    found: dict[str, list[dict[str, float]]] = {"floor": [], "copycat": []}
    for seed in range(30):
        real = equal(seen, seed)
        for name, numbers in found.items():
            numbers.append(baselines.SCORES[name](real).numbers)
    expected = {
        fd: ((SIZE + 1) / 4 + 1) * SIZE * 2 / COUNT,  # of equal Gaussians, to first order
        "class_kl": (CLASSES - 1) / COUNT,  # half the mean of a chi-squared, from both sides
    }
    for key, value in expected.items():
        for name, numbers in found.items():
            each = [number[key] for number in numbers]
            error = np.std(each, ddof=1) / math.sqrt(len(each))
            assert abs(np.mean(each) - value) < 3 * error + 0.05 * value, (key, name)


def test_shares_of_the_floor_are_those_of_the_halves(seen: Reference) -> None:
    half = COUNT // 2
    halves = scores.score(seen, seen.test[slice(half, None)], seen.test[slice(half)])
    found = baselines.floor(seen)
    changed = {key for key, value in halves.numbers.items() if found.numbers[key] != value}
    assert changed == {scores.fd_name(seen)}
    assert found.numbers[scores.fd_name(seen)] == halves.numbers[scores.fd_name(seen)] / 2
