"""Likelihoods and divergences against closed forms and against torch.distributions."""

import math
from typing import Any

import pytest
import torch
from torch import distributions

from genmodels import losses

GENERATOR = torch.Generator().manual_seed(2)
IMAGES = torch.rand(4, 3, 5, 7, generator=torch.Generator().manual_seed(0))
OUTPUTS = torch.randn(4, 3, 5, 7, generator=torch.Generator().manual_seed(1))


def test_bernoulli_is_the_likelihood_of_binary_images() -> None:
    binary = IMAGES.round()
    expected = -distributions.Bernoulli(logits=OUTPUTS).log_prob(binary).flatten(1).sum(1)
    torch.testing.assert_close(losses.bernoulli(OUTPUTS, binary), expected)


def test_bernoulli_of_grey_images_is_the_cross_entropy() -> None:
    p = OUTPUTS.sigmoid()
    expected = -(IMAGES * p.log() + (1 - IMAGES) * (1 - p).log()).flatten(1).sum(1)
    torch.testing.assert_close(losses.bernoulli(OUTPUTS, IMAGES), expected)


@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_gaussian_is_the_normal_density(scale: float) -> None:
    expected = -distributions.Normal(OUTPUTS, scale).log_prob(IMAGES).flatten(1).sum(1)
    torch.testing.assert_close(losses.gaussian(OUTPUTS, IMAGES, scale), expected)


def test_gaussian_takes_a_scale_that_learns() -> None:
    scale = torch.tensor(0.3, requires_grad=True)
    loss = losses.gaussian(OUTPUTS, IMAGES, scale).sum()
    torch.testing.assert_close(loss, losses.gaussian(OUTPUTS, IMAGES, 0.3).sum())
    (slope,) = torch.autograd.grad(loss, scale)
    # d/dσ of Σ (N log σ + e² / 2σ²): it is 0 where σ² is the mean squared error.
    count, error = IMAGES.numel(), losses.squared_error(OUTPUTS, IMAGES).sum()
    torch.testing.assert_close(slope, count / scale.detach() - error / scale.detach() ** 3)


@pytest.mark.parametrize("logit", [-30.0, -3.0, -0.011, -0.009, 0.0, 1e-4, 0.5, 8.0])
def test_continuous_bernoulli_against_torch(logit: float) -> None:
    logits = torch.full((1, 1, 101, 1), logit).double()
    images = torch.linspace(0, 1, 101).double().view(1, 1, 101, 1)
    variable = distributions.ContinuousBernoulli(logits=logits)
    expected = -variable.log_prob(images).sum()
    torch.testing.assert_close(
        losses.continuous_bernoulli(logits, images).sum(), expected, rtol=1e-5, atol=1e-4
    )
    density = (
        -losses.continuous_bernoulli(logits.view(-1, 1, 1, 1), images.view(-1, 1, 1, 1))
    ).exp()
    if abs(logit) < 10:
        assert torch.trapezoid(density, dx=0.01).item() == pytest.approx(1, abs=1e-3)
    torch.testing.assert_close(
        losses.continuous_bernoulli_mean(logits), variable.mean, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(("mean", "scale"), [(0.5, 0.1), (0.0, 0.02), (1.2, 0.3), (0.3, 1e-3)])
def test_the_logistic_has_all_its_mass_on_256_levels(mean: float, scale: float) -> None:
    levels = (torch.arange(256).double() / 255).view(-1, 1, 1, 1)
    losses_ = losses.discretized_logistic(torch.full_like(levels, mean), levels, scale)
    assert (-losses_).exp().sum().item() == pytest.approx(1, abs=1e-9)


def test_the_logistic_is_a_difference_of_two_distribution_functions() -> None:
    images = (torch.randint(1, 255, (2, 1, 3, 3), generator=GENERATOR) / 255).double()
    means = torch.rand(2, 1, 3, 3, generator=GENERATOR).double()
    upper = torch.sigmoid((images + 0.5 / 255 - means) / 0.2)
    lower = torch.sigmoid((images - 0.5 / 255 - means) / 0.2)
    expected = -(upper - lower).log().flatten(1).sum(1)
    torch.testing.assert_close(losses.discretized_logistic(means, images, 0.2), expected)


def test_kl_is_the_divergence_of_normals() -> None:
    mean, log_variance = OUTPUTS[:, 0, 0], OUTPUTS[:, 1, 0]
    posterior = distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = distributions.kl_divergence(posterior, distributions.Normal(0, 1))
    torch.testing.assert_close(losses.kl_to_standard_normal(mean, log_variance), expected)


def test_kl_to_itself_is_zero() -> None:
    zero = torch.zeros(2, 3)
    assert losses.kl_to_standard_normal(zero, zero).abs().max() == 0


def test_free_bits_cost_nothing() -> None:
    divergences = torch.tensor([[0.1, 4.0], [0.3, 2.0]])
    assert losses.free_bits(divergences, 0.0).item() == pytest.approx(3.2)
    assert losses.free_bits(divergences, 0.5).item() == pytest.approx(3.5)


def test_all_weights_that_are_given_are_used() -> None:
    weights = torch.tensor([[0.0, 0.0, math.log(4.0)]]).double()
    assert losses.importance_weighted(weights).item() == pytest.approx(-math.log(6 / 3))


def normal_codes(correlation: Any, count: int = 2000) -> tuple[Any, ...]:
    """Codes whose aggregate is a normal pair of that correlation, and q(z|x) around them."""
    chol = torch.linalg.cholesky(torch.tensor([[1.0, correlation], [correlation, 1.0]]).double())
    variance = 0.05  # of q(z|x)
    whole = chol @ chol.T
    mean_chol = torch.linalg.cholesky(whole - variance * torch.eye(2).double())
    generator = torch.Generator().manual_seed(3)
    mean = torch.randn(count, 2, generator=generator).double() @ mean_chol.T
    noise = torch.randn(count, 2, generator=generator).double()
    return mean + variance**0.5 * noise, mean, torch.full_like(mean, math.log(variance))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_total_correlation_of_a_known_gaussian(correlation: float) -> None:
    parts = losses.total_correlation(*normal_codes(correlation))
    exact = -0.5 * math.log(1 - correlation**2)
    assert parts.total_correlation.item() == pytest.approx(exact, abs=0.05)
    assert parts.dimension_wise_kl.item() == pytest.approx(0, abs=0.03)  # both margins are N(0, 1)


def test_the_parts_of_the_kl_add_up_to_it() -> None:
    latents, mean, log_variance = normal_codes(0.5)
    parts = losses.total_correlation(latents, mean, log_variance)
    whole = parts.mutual_information + parts.total_correlation + parts.dimension_wise_kl
    exact = losses.kl_to_standard_normal(mean, log_variance).sum(1).mean()
    assert whole.item() == pytest.approx(exact.item(), abs=0.05)  # one draw for an expectation


def test_mmd_of_small_sets_by_hand() -> None:
    first, second = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [2.0]])

    def kernel(squared: float) -> float:
        return sum(2 * s / (2 * s + squared) for s in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0))

    cross = (kernel(0) + kernel(4) + kernel(1) + kernel(1)) / 4
    expected = kernel(1) + kernel(4) - 2 * cross
    assert losses.mmd(first, second).item() == pytest.approx(expected, rel=1e-6)


def test_mmd_is_unbiased_and_sees_a_shift() -> None:
    generator = torch.Generator().manual_seed(0)
    same = [losses.mmd(*torch.randn(2, 64, 4, generator=generator)).item() for _ in range(200)]
    assert abs(sum(same) / 200) < 3 * torch.tensor(same).std().item() / math.sqrt(200)
    shifted = torch.randn(64, 4, generator=generator) + 1
    assert losses.mmd(torch.randn(64, 4, generator=generator), shifted) > max(same)


def test_sums_do_not_depend_on_how_pixels_are_laid_out() -> None:
    flat = IMAGES.flatten(1)[:, None, None], OUTPUTS.flatten(1)[:, None, None]
    torch.testing.assert_close(
        losses.bernoulli(flat[1], flat[0]), losses.bernoulli(OUTPUTS, IMAGES)
    )
