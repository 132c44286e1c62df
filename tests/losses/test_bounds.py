"""Soft bounds, against the formula written out for single numbers, and where they are applied."""

import math
from typing import Any

import pytest
import torch

from genmodels import losses
from genmodels.data.images import Batch
from genmodels.losses import bounds
from genmodels.models import VAE, VAEGAN
from genmodels.networks import MLP

RANGE = (-20.0, 10.0, 5.0)  # least, most, room
FAR = [-1e30, -1e6, -1e3, -45.0, -20.5, 10.5, 35.0, 1e3, 1e6, 1e30]


def oracle(x: float, least: float, most: float, room: float) -> float:
    if x > most:
        return most + (x - most) * room / (room + (x - most))
    if x < least:
        return least - (least - x) * room / (room + (least - x))
    return x


def float64(numbers: list[float]) -> torch.Tensor:
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


def test_values_and_gradients_are_those_of_the_formula() -> None:
    given = [*FAR, -20.0, -7.3, 0.0, 10.0]
    x = float64(given)
    y = losses.bounded(x, *RANGE)
    expected = [oracle(number, *RANGE) for number in given]
    torch.testing.assert_close(y, float64(expected), rtol=1e-14, atol=1e-13)
    (slopes,) = torch.autograd.grad(y.sum(), x)
    room = RANGE[2]
    exact = [
        (room / (room + max(0.0, number - RANGE[1], RANGE[0] - number))) ** 2 for number in given
    ]
    torch.testing.assert_close(slopes, float64(exact), rtol=1e-12, atol=0)


def test_gradients_are_those_of_differences() -> None:
    x = float64([-60.0, -20.001, -3.0, 9.999, 10.001, 17.0, 300.0])
    assert torch.autograd.gradcheck(lambda values: losses.bounded(values, *RANGE), (x,))


def test_within_the_range_nothing_changes_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(100_000, generator=generator) * 30 - 20
    x[:4] = torch.tensor([-20.0, 10.0, -0.0, 1e-40])
    x.requires_grad_()
    weights = torch.randn(len(x), generator=generator)
    y = losses.bounded_log_variance(x)
    assert (y.detach().view(torch.int32) == x.detach().view(torch.int32)).all()
    (slopes,) = torch.autograd.grad((y * weights).sum(), x)
    assert (slopes == weights).all()


def test_no_finite_number_leaves_the_bounds_and_none_loses_its_gradient_at_once() -> None:
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        x = torch.tensor(FAR, dtype=dtype, requires_grad=True)
        y = losses.bounded_log_variance(x)
        assert y.dtype == dtype
        assert (y >= -25).all()
        assert (y <= 15).all()
        assert (y.diff() >= 0).all()
        (slopes,) = torch.autograd.grad(y.sum(), x)
        assert slopes.isfinite().all()
        assert (slopes[1:-1] > 0).all()  # up to a million


def test_infinity_becomes_a_bound_and_nan_stays_to_be_noticed() -> None:
    found = losses.bounded_log_variance(torch.tensor([-math.inf, math.inf, math.nan]))
    assert found[:2].tolist() == [-25, 15]
    assert found[2].isnan()


def test_log_scales_have_half_the_bounds_of_log_variances() -> None:
    x = float64([-1e5, -31.0, -9.0, 4.0, 12.0])
    torch.testing.assert_close(
        losses.bounded_log_scale(x), losses.bounded_log_variance(2 * x) / 2, rtol=1e-14, atol=0
    )
    assert math.log(1e-4) > bounds.LEAST / 2  # a scale that fits 8-bit pixels exactly is within


def scaled_up(model: Any, factor: float) -> Any:
    """Give an encoder outputs that are ``factor`` times as large."""
    with torch.no_grad():
        for weight in [*model.encoder.parameters()][-2:]:
            weight.mul_(factor)
    return model


@pytest.mark.parametrize("kind", [VAE, VAEGAN])
@pytest.mark.parametrize("sign", [1, -1])
def test_objectives_of_huge_log_variances_are_finite(kind: Any, sign: int) -> None:
    torch.manual_seed(0)
    model = scaled_up(kind((3, 4, 4), 3, MLP((16,))), sign * 1e6)
    _check_finite(model)


@pytest.mark.parametrize(
    "settings",
    [
        {"divergence": "total_correlation"},
        {"bound": "iwae", "samples": 3},
        {"likelihood": "gaussian", "scale": "learned"},
        {"likelihood": "discretized_logistic", "scale": "learned"},
    ],
    ids=lambda settings: next(iter(settings.values())),
)
@pytest.mark.parametrize("start", [-300.0, 300.0])
def test_every_exponential_of_a_vae_is_bounded(settings: dict[str, Any], start: float) -> None:
    torch.manual_seed(0)
    model = VAE((3, 4, 4), 3, MLP((16,)), **settings)
    with torch.no_grad():
        [*model.encoder.parameters()][-1][3:] = start
        if settings.get("scale"):
            model.log_scale.fill_(start)
    _check_finite(model)


def _check_finite(model: Any) -> None:
    batch = Batch(torch.randint(0, 256, (8, *model.image_shape)) / 255)
    for phase in model.phases():
        loss = phase.objective(batch)["loss"]
        assert loss.isfinite(), phase.name
        weights = [weight for weight in phase.module.parameters() if weight.requires_grad]
        slopes = torch.autograd.grad(loss, weights, allow_unused=True)
        assert all(slope.isfinite().all() for slope in slopes if slope is not None), phase.name
