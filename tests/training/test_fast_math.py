"""Replacements of slow functions against float64 and the library's own, over the whole range."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from genmodels.training import fast_math

TINY, LARGEST = torch.finfo(torch.float32).tiny, torch.finfo(torch.float32).max
UNITS = 4  # largest error, in units in the last place: 2⁻²³ of the value


def around_zero() -> Tensor:
    """Numbers of both signs, from the smallest normal one to the largest."""
    sizes = torch.logspace(-37.5, 38.5, 200_001, dtype=torch.float64).float()
    return torch.cat([-sizes.flip(0), torch.zeros(1), sizes])


@pytest.mark.parametrize(
    ("fast", "exact"), [(fast_math.log1p, torch.log1p), (fast_math.expm1, torch.expm1)]
)
def test_they_are_exact_to_rounding(
    fast: Callable[[Tensor], Tensor], exact: Callable[[Tensor], Tensor]
) -> None:
    x = around_zero()
    x = x[x > -1] if exact is torch.log1p else x
    found, wanted = fast(x).double(), exact(x.double())
    finite = wanted.abs() < LARGEST
    error = (found - wanted).abs()[finite] / wanted.abs()[finite].clamp_min(TINY)
    assert error.max() < UNITS * 2**-23
    assert torch.equal(found[~finite].float(), wanted[~finite].float())


@pytest.mark.parametrize(
    ("fast", "exact"), [(fast_math.log1p, torch.log1p), (fast_math.expm1, torch.expm1)]
)
def test_they_agree_at_the_ends(
    fast: Callable[[Tensor], Tensor], exact: Callable[[Tensor], Tensor]
) -> None:
    x = torch.tensor([-torch.inf, -2.0, -1.0, -0.0, 0.0, TINY, LARGEST, torch.inf, torch.nan])
    torch.testing.assert_close(fast(x), exact(x), equal_nan=True, rtol=1e-6, atol=0)
