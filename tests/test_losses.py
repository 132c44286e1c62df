"""Objectives against closed forms and against torch.distributions."""

import math

import pytest
import torch
from torch import distributions

from genmodels import losses

IMAGES = torch.rand(4, 3, 5, 7, generator=torch.Generator().manual_seed(0))
OUTPUTS = torch.randn(4, 3, 5, 7, generator=torch.Generator().manual_seed(1))


def test_bernoulli_is_the_likelihood_of_binary_images():
    binary = IMAGES.round()
    expected = -distributions.Bernoulli(logits=OUTPUTS).log_prob(binary).flatten(1).sum(1)
    torch.testing.assert_close(losses.bernoulli(OUTPUTS, binary), expected)


def test_bernoulli_of_grey_images_is_the_cross_entropy():
    p = OUTPUTS.sigmoid()
    expected = -(IMAGES * p.log() + (1 - IMAGES) * (1 - p).log()).flatten(1).sum(1)
    torch.testing.assert_close(losses.bernoulli(OUTPUTS, IMAGES), expected)


@pytest.mark.parametrize("scale", [0.1, 1.0])
def test_gaussian_is_the_normal_density(scale):
    expected = -distributions.Normal(OUTPUTS, scale).log_prob(IMAGES).flatten(1).sum(1)
    torch.testing.assert_close(losses.gaussian(OUTPUTS, IMAGES, scale), expected)


def test_kl_is_the_divergence_of_normals():
    mean, log_variance = OUTPUTS[:, 0, 0], OUTPUTS[:, 1, 0]
    posterior = distributions.Normal(mean, (0.5 * log_variance).exp())
    expected = distributions.kl_divergence(posterior, distributions.Normal(0, 1)).sum(1)
    torch.testing.assert_close(losses.kl_to_standard_normal(mean, log_variance), expected)


def test_kl_to_itself_is_zero():
    zero = torch.zeros(2, 3)
    assert losses.kl_to_standard_normal(zero, zero).abs().max() == 0


@pytest.mark.parametrize("name", losses.ADVERSARIAL)
def test_equilibrium(name):
    undecided = torch.zeros(8, 1)
    pair = losses.ADVERSARIAL[name]
    assert (pair.real(undecided) + pair.fake(undecided)).item() == pytest.approx(2 * math.log(2))
    assert abs(pair.generator(undecided).item()) == pytest.approx(math.log(2))


def test_minimax_saturates_where_non_saturating_does_not():
    gradients = {}
    for name, pair in losses.ADVERSARIAL.items():
        logits = torch.full((1, 1), -10.0, requires_grad=True)  # the discriminator is sure
        (gradients[name],) = torch.autograd.grad(pair.generator(logits), logits)
    assert gradients["non_saturating"].item() == pytest.approx(-1, abs=1e-3)
    assert gradients["minimax"].item() == pytest.approx(0, abs=1e-3)


def test_sums_do_not_depend_on_how_pixels_are_laid_out():
    flat = IMAGES.flatten(1)[:, None, None], OUTPUTS.flatten(1)[:, None, None]
    torch.testing.assert_close(
        losses.bernoulli(flat[1], flat[0]), losses.bernoulli(OUTPUTS, IMAGES)
    )
