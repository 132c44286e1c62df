"""Distances against closed forms, unit vectors and independent libraries."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from genmodels.evaluation.metrics import distances


def normal(count: int, dims: int, seed: int) -> torch.Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed)).double()


def frechet(a: Tensor, b: Tensor) -> Any:
    return distances.frechet(distances.gaussian(a), distances.gaussian(b))


def test_equal_sets_are_at_distance_zero() -> None:
    a = normal(500, 16, 0)
    assert frechet(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_of_gaussians_in_closed_form() -> None:
    one = distances.Gaussian(torch.tensor([1.0, 2.0]).double(), torch.tensor([4.0, 9.0]).double().diag())  # fmt: skip # noqa: E501
    other = distances.Gaussian(torch.tensor([0.0, 0.0]).double(), torch.tensor([1.0, 25.0]).double().diag())  # fmt: skip # noqa: E501
    assert distances.frechet(one, other) == pytest.approx(5 + (2 - 1) ** 2 + (3 - 5) ** 2)


def test_frechet_of_correlated_gaussians_is_symmetric_and_invariant() -> None:
    a, b = normal(300, 8, 1) @ normal(8, 8, 2), normal(300, 8, 3) @ normal(8, 8, 4) + 1
    rotation = torch.linalg.qr(normal(8, 8, 5)).Q
    assert frechet(a, b) == pytest.approx(frechet(b, a), rel=1e-9)
    assert frechet(a @ rotation, b @ rotation) == pytest.approx(frechet(a, b), rel=1e-9)


def test_frechet_with_fewer_images_than_features() -> None:
    a, b = normal(10, 40, 1), normal(12, 40, 2)
    from scipy import linalg

    ga, gb = distances.gaussian(a), distances.gaussian(b)
    root = linalg.sqrtm((ga.covariance @ gb.covariance).numpy()).real.trace()
    wanted = (ga.mean - gb.mean).square().sum() + ga.covariance.trace() + gb.covariance.trace()
    assert frechet(a, b) == pytest.approx(wanted.item() - 2 * root, rel=1e-4)


def test_frechet_agrees_with_torchmetrics() -> None:
    from torchmetrics.image.fid import _compute_fid

    a, b = normal(400, 24, 1) @ normal(24, 24, 2), normal(300, 24, 3) + 0.3
    ga, gb = distances.gaussian(a), distances.gaussian(b)
    oracle = _compute_fid(ga.mean, ga.covariance, gb.mean, gb.covariance).item()
    assert frechet(a, b) == pytest.approx(oracle, rel=1e-8)


def test_bias_of_frechet_is_that_of_the_literature() -> None:
    a, b = normal(4000, 32, 1), normal(4000, 32, 2)
    expected = ((32 + 1) / 4 + 1) * (1 / 4000 + 1 / 4000) * 32
    assert frechet(a, b) == pytest.approx(expected, rel=0.15)


def test_nearest_is_exact() -> None:
    a, b = normal(50, 6, 1), normal(2300, 6, 2)
    found = distances.nearest(a, b)
    torch.testing.assert_close(found, torch.cdist(a, b).min(1).values)
    assert distances.nearest(b[5:9], b).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(("shift", "scale"), [(0.3, 1.1), (0.05, 1.02)])
def test_influence_tells_how_much_a_distance_varies_with_the_images(
    shift: float, scale: float
) -> None:
    mixing = normal(16, 16, 0) / 4
    samples = distances.gaussian(scale * normal(4000, 16, 1) @ mixing + shift)
    sets = [normal(1000, 16, seed) @ mixing for seed in range(100, 300)]
    truth = np.std([distances.frechet(distances.gaussian(each), samples) for each in sets])
    found = distances.influence(sets[0], samples)
    assert found.mean().item() == pytest.approx(0, abs=1e-9)
    assert (found.var() / 1000).sqrt().item() == pytest.approx(truth, rel=0.25)


def test_influence_is_the_derivative_by_the_weight_of_an_image() -> None:
    real, samples = normal(50, 3, 0), distances.gaussian(normal(200, 3, 1) * 1.5 + 0.4)

    def weighted(weights: Tensor) -> float:
        mean = (weights @ real) / weights.sum()
        centred = (real - mean) * (weights / weights.sum()).sqrt().unsqueeze(1)
        covariance = centred.T @ centred * 50 / 49
        return distances.frechet(distances.Gaussian(mean, covariance), samples)

    found, step = distances.influence(real, samples), 1e-5
    for row in (0, 7, 31):
        weights = torch.ones(50).double()
        weights[row] += step
        slope = 50 * (weighted(weights) - weighted(torch.ones(50).double())) / step
        assert slope == pytest.approx(found[row].item(), rel=0.03, abs=0.02)


def test_influence_of_features_that_do_not_vary_is_finite() -> None:
    real = normal(100, 4, 0)
    real[:, 3] = 1.0
    found = distances.influence(real, distances.gaussian(real[:50] * 1.1))
    assert found.isfinite().all()
