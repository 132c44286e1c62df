"""Likelihoods against a model that can be solved with pencil and paper."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.data.images import Batch
from genmodels.evaluation.metrics import likelihood
from genmodels.models import GAN, VAE
from genmodels.networks import MLP
from genmodels.system import randomness

DIMS, LATENT, SCALE = 6, 2, 0.5


class Linear(nn.Module):
    """p(x|z) = N(Wz + b, SCALE² I): p(x) is a Gaussian, and so is the true posterior, whose
    log-variance is too high here on purpose."""

    pixels = "continuous"
    class_shares: tuple[float, ...] = ()

    def __init__(self) -> None:
        super().__init__()
        generator = randomness.generator(0, "linear")
        self.weight = nn.Parameter(torch.randn(DIMS, LATENT, generator=generator))
        self.bias = nn.Parameter(torch.randn(DIMS, generator=generator))

    def log_weights(self, images: Tensor, labels: Any = None) -> Tensor:
        x = images.flatten(1).double()
        w, b = self.weight.double(), self.bias.double()
        precision = torch.eye(LATENT).double() + w.T @ w / SCALE**2
        mean = (x - b) @ w @ precision.inverse() / SCALE**2
        spread = 1.3 * torch.linalg.cholesky(precision.inverse())
        noise = torch.randn(len(x), LATENT, dtype=torch.float64)
        z = mean + noise @ spread.T
        normal = torch.distributions.MultivariateNormal
        posterior = normal(mean, scale_tril=spread.expand(len(x), -1, -1))
        prior = normal(torch.zeros(LATENT).double(), torch.eye(LATENT).double())
        data = normal(z @ w.T + b, SCALE**2 * torch.eye(DIMS).double())
        return data.log_prob(x) + prior.log_prob(z) - posterior.log_prob(z)

    def exact(self, images: Tensor) -> Any:
        w = self.weight.double()
        covariance = w @ w.T + SCALE**2 * torch.eye(DIMS).double()
        whole = torch.distributions.MultivariateNormal(self.bias.double(), covariance)
        return -whole.log_prob(images.flatten(1).double())


@torch.no_grad()
def test_importance_bound_reaches_the_exact_likelihood_and_falls_with_k() -> None:
    model: Any = Linear()
    images = torch.randn(400, 1, 2, 3, generator=randomness.generator(1, "x"))
    exact = model.exact(images).mean().item()
    bounds = {}
    with randomness.placed(0, "k"):
        for k in (1, 5, 50, 1000):
            weights = likelihood.log_weights(model, Batch(images), k)
            assert weights.shape == (400, k)
            bounds[k] = losses.importance_weighted(weights).mean().item()
    assert bounds[1000] == pytest.approx(exact, abs=0.01)
    assert bounds[1] > bounds[5] > bounds[50] > bounds[1000] - 0.01
    assert bounds[1] > exact + 0.1


def test_the_bound_of_one_sample_is_the_elbo() -> None:
    model = VAE((1, 4, 4), 3, MLP((8,))).eval()
    images = torch.rand(3000, 1, 4, 4, generator=randomness.generator(0, "i")).round()
    with torch.no_grad(), randomness.placed(0, "elbo"):
        single = -likelihood.log_weights(model, Batch(images), 20).mean()
        mean, log_variance = model.posterior(images)
        kl = losses.kl_to_standard_normal(mean, log_variance).sum(1).mean()
        data = torch.stack([model._negative_log_likelihood(model.infer(images), images).mean()
                            for _ in range(20)]).mean()  # fmt: skip
    assert single.item() == pytest.approx((kl + data).item(), abs=0.05)


def test_equilibrium_of_the_losses() -> None:
    settled = GAN((1, 4, 4), 2, MLP((4,))).equilibrium()
    assert settled == pytest.approx(
        {"discriminator.loss": 2 * math.log(2), "generator.loss": math.log(2)}
    )


class Labelled(nn.Module):
    """p(x|y) = N(y, 1) for each pixel, exactly."""

    pixels, exact = "continuous", True
    class_shares = (0.2, 0.0, 0.8)

    def log_weights(self, images: Tensor, labels: Tensor) -> Tensor:
        normal = torch.distributions.Normal(labels.double().view(-1, 1), 1.0)
        return normal.log_prob(images.flatten(1).double()).sum(1)


def test_a_conditional_model_is_scored_by_the_likelihood_of_the_image_alone() -> None:
    model: Any = Labelled()
    images = torch.linspace(-1, 3, 12).view(6, 1, 1, 2)
    batch = Batch(images, torch.tensor([0, 0, 0, 2, 2, 2]))
    zeros, twos = (torch.full((6,), label) for label in (0, 2))
    parts = [
        0.2 * model.log_weights(images, zeros).exp(),
        0.8 * model.log_weights(images, twos).exp(),
    ]
    found = likelihood.log_weights(model, batch, 1)
    torch.testing.assert_close(found, sum(parts).log().unsqueeze(1))
    assert likelihood.log_weights(model, batch, 3).shape == (6, 3)
    other = Batch(images, torch.tensor([2, 2, 2, 0, 0, 0]))
    assert torch.equal(likelihood.log_weights(model, other, 1), found)


def test_every_batch_is_binarised_by_noise_of_its_own() -> None:
    model: Any = Linear()
    model.pixels = "binary"
    grey = Batch(torch.full((8, 1, 6, 6), 0.5), None)
    first, again, second = (likelihood.as_modelled(model, grey, n).images for n in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert set(first.unique().tolist()) == {0.0, 1.0}
