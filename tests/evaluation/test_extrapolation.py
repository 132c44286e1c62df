"""The extrapolated Fréchet distance of Gaussians whose distance is known."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from genmodels.evaluation.metrics import distances
from genmodels.evaluation.metrics.extrapolation import unbiased_frechet

SIZE = 16


def normal(count: int, seed: int) -> Tensor:
    return torch.randn(count, SIZE, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize(("count", "other"), [(1000, 1000), (600, 2000)])
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.1, 1.0), (0.05, 1.2)])
def test_the_bias_is_removed(shift: float, scale: float, count: int, other: int) -> None:
    truth = SIZE * (shift**2 + (scale - 1) ** 2)
    pairs = [
        (normal(count, 2 * s), normal(other, 2 * s + 1) * scale + shift) for s in range(60)
    ]  # fmt: skip
    biased = [distances.frechet(*map(distances.gaussian, pair)) for pair in pairs]
    found = [unbiased_frechet(*pair) for pair in pairs]
    error = np.std(found, ddof=1) / math.sqrt(len(found))
    bias = np.mean(biased) - truth
    assert bias > 5 * error
    assert abs(np.mean(found) - truth) < 3 * error + 0.03 * bias


def test_points_need_no_order_of_their_own() -> None:
    a, b = normal(4000, 0), normal(4000, 1) * 1.2
    in_order = [side[side[:, 0].argsort()] for side in (a, b)]
    assert unbiased_frechet(*in_order) == pytest.approx(SIZE * 0.2**2, rel=0.1)
