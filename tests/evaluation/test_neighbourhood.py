"""Balls around points against independent packages, plain loops and closed forms."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from genmodels.evaluation.metrics.neighbourhood import Neighbourhood, neighbourhood


def normal(count: int, dims: int, seed: int) -> Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed)).double()


def test_equal_sets_are_near_each_other() -> None:
    same = neighbourhood(normal(500, 16, 0), normal(500, 16, 0))
    assert (same.precision, same.recall, same.coverage) == (1, 1, 1)
    assert (same.clipped_density, same.clipped_coverage) == (1, 1)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_neighbourhood_agrees_with_prdc(k: int) -> None:
    from prdc import compute_prdc

    real, generated = normal(210, 5, 1), normal(180, 5, 2) * 0.8 + 0.3
    oracle = compute_prdc(real.numpy(), generated.numpy(), nearest_k=k)
    found = neighbourhood(real, generated, k)
    for name, value in oracle.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-12), name


@pytest.mark.slow
def test_unit_vector_of_the_literature() -> None:
    # The README of prdc: two 1,000-d normal sets of 10,000 at k = 5; a tenth of that here,
    # whose values were computed with that package.
    found = neighbourhood(normal(10_000, 1000, 1), normal(10_000, 1000, 2))
    assert found.precision == pytest.approx(0.4772, abs=0.03)
    assert found.recall == pytest.approx(0.4705, abs=0.03)
    assert found.density == pytest.approx(1.0555, abs=0.05)
    assert found.coverage == pytest.approx(0.9735, abs=0.01)


def by_hand(real: Tensor, generated: Tensor, k: int) -> tuple[float, float]:
    """Return clipped density and clipped coverage by plain loops and scipy."""
    from scipy.spatial.distance import cdist
    from scipy.stats import betabinom

    between, within = cdist(real, generated), cdist(real, real)
    others = [np.delete(row, number) for number, row in enumerate(within)]
    radii = np.array([sorted(row)[k - 1] for row in others])
    clipped = np.minimum(radii, np.median(radii))
    ours = np.mean([min(k, np.sum(column <= clipped)) for column in between.T])
    theirs = np.mean(
        [
            min(k, np.sum(np.delete(within[:, j] <= clipped, j)))
            for j in range(len(real))
        ]
    )  # fmt: skip
    covered = np.mean([min(k, np.sum(row < r)) for row, r in zip(between, radii, strict=True)]) / k
    expected = []
    for good in range(len(generated) + 1):
        chances = betabinom(good, k, len(real) - k).pmf(np.arange(good + 1))
        expected.append(np.minimum(np.arange(good + 1), k) @ chances / k)
    reached = [good for good, cover in enumerate(expected) if cover >= covered]
    share = reached[0] / len(generated) if reached else 1.0
    return min(1.0, ours / theirs), share


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize(
    ("count", "shift", "scale"), [(210, 0.3, 0.8), (90, 0.0, 1.6), (300, 3, 1)]
)
def test_clipped_numbers_are_their_definition(
    count: int, shift: float, scale: float, k: int
) -> None:
    real, generated = normal(150, 5, 1), normal(count, 5, 2) * scale + shift
    found = neighbourhood(real, generated, k)
    density, coverage = by_hand(real, generated, k)
    assert found.clipped_density == pytest.approx(density, abs=1e-12)
    assert found.clipped_coverage == pytest.approx(coverage, abs=1e-12)


def bad(share: float, count: int, where: float) -> Tensor:
    """Replace a share of good points by points far away."""
    points = normal(count, 16, 2)
    cut = round(share * count)
    points[:cut] = normal(cut, 16, 3) / 10 + where
    return points


@pytest.mark.parametrize("where", [2.0, 50.0])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_they_are_the_share_of_good_samples(share: float, where: float) -> None:
    found = neighbourhood(normal(3000, 16, 1), bad(share, 3000, where))
    assert found.clipped_density == pytest.approx(1 - share, abs=0.04)
    assert found.clipped_coverage == pytest.approx(1 - share, abs=0.04)


def test_outliers_among_real_images_change_little() -> None:
    real, generated = normal(3000, 16, 1), bad(0.3, 3000, 10.0)
    outliers = real.clone()
    outliers[:30] *= 10  # their balls reach far: they contain most of the bad points
    clean, dirty = neighbourhood(real, generated), neighbourhood(outliers, generated)
    assert dirty.precision > clean.precision + 0.2  # what is not clipped
    assert dirty.clipped_density == pytest.approx(clean.clipped_density, abs=0.03)
    assert dirty.clipped_coverage == pytest.approx(clean.clipped_coverage, abs=0.03)


def test_fewer_samples_are_as_good_but_cover_as_few_of_them_would() -> None:
    found = neighbourhood(normal(3000, 16, 1), normal(1000, 16, 2))
    assert found.clipped_density == pytest.approx(1, abs=0.04)
    assert found.clipped_coverage == pytest.approx(1, abs=0.04)


def test_copies_of_one_sample_are_good_and_cover_nothing() -> None:
    found: Neighbourhood = neighbourhood(normal(1000, 4, 1), torch.zeros(1000, 4).double())
    assert found.clipped_density == 1
    assert found.clipped_coverage < 0.02
    assert math.isfinite(found.density)
