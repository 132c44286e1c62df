"""The kernel distance against its formula, torchmetrics, and repeated draws."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from genmodels.evaluation.metrics.kernel import kernel


def normal(count: int, dims: int, seed: int) -> Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed)).double()


def test_kernel_distance_is_its_formula() -> None:
    a, b = normal(7, 3, 1), normal(9, 3, 2) + 0.5

    def k(x: Tensor, y: Tensor) -> float:
        return (float(x @ y) / 3 + 1) ** 3

    within = [
        np.mean([k(x, y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j])
        for s in (a, b)
    ]
    across = np.mean([k(x, y) for x in a for y in b])
    assert kernel(a, b).distance == pytest.approx(sum(within) - 2 * across, rel=1e-10)


def test_kernel_distance_agrees_with_torchmetrics() -> None:
    from torchmetrics.image.kid import poly_mmd

    a, b = normal(50, 6, 1), normal(50, 6, 2) + 0.2
    assert kernel(a, b).distance == pytest.approx(poly_mmd(a, b).item(), rel=1e-8)


def test_kernel_distance_is_unbiased() -> None:
    found = [kernel(normal(40, 4, 2 * s), normal(40, 4, 2 * s + 1)).distance for s in range(300)]
    error = np.std(found) / math.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * error
    assert min(found) < 0 < max(found)


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.1, 1.0), (0.5, 1.3)])
@pytest.mark.parametrize("other", [60, 150])
def test_its_error_is_the_spread_over_other_sets(shift: float, scale: float, other: int) -> None:
    found = [
        kernel(normal(60, 3, 2 * s), normal(other, 3, 2 * s + 1) * scale + shift)
        for s in range(600)
    ]
    truth = np.std([each.distance for each in found])
    error = np.sqrt(np.mean([each.error**2 for each in found]))
    assert error > 0.88 * truth
    assert error < (1.12 if shift else 1.5) * truth
    assert min(each.error for each in found) > 0.1 * truth


def test_points_that_are_all_equal_have_no_error() -> None:
    found = kernel(torch.ones(9, 4), torch.ones(7, 4))
    assert found.distance == pytest.approx(0, abs=1e-12)
    assert found.error == pytest.approx(0, abs=1e-6)
