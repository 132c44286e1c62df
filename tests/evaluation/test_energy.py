"""The energy distance against closed forms, all pairs, and latents of models."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from genmodels.data.images import Batch
from genmodels.evaluation.metrics import encoding, energy
from genmodels.models.base import Model

FROM_SPIKE = 2 * math.exp(-0.5) / math.sqrt(2 * math.pi) + math.erf(math.sqrt(0.5))  # E|1 − Z|
OF_NORMALS = 2 / math.sqrt(math.pi)  # E|Z − Z'|
POINT = 2 * math.sqrt(2 / math.pi) - OF_NORMALS


def normal(count: int, dims: int, seed: int) -> Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed)).double()


def spikes(count: int, dims: int, seed: int) -> Tensor:
    return normal(count, dims, seed).sign()


def test_it_is_the_mean_over_all_pairs() -> None:
    a, b = normal(7, 3, 1), normal(9, 3, 2) * 2 + 1
    for column in range(3):
        x, y = a[:, column], b[:, column]
        across = (x[:, None] - y).abs().mean()
        within = [
            (z[:, None] - z).abs().sum() / (len(z) * (len(z) - 1)) for z in (x, y)
        ]  # fmt: skip
        assert energy.along(a, b)[column].item() == pytest.approx((2 * across - sum(within)).item())


def test_it_is_that_of_scipy_but_for_the_bias() -> None:
    from scipy.stats import energy_distance

    a, b = normal(300, 1, 1), normal(500, 1, 2) * 1.5 + 0.3
    bias = sum(
        ((x - x.T).abs().sum() / len(x) ** 2 / (len(x) - 1)).item() for x in (a, b)
    )  # fmt: skip
    oracle = energy_distance(a[:, 0].numpy(), b[:, 0].numpy()) ** 2
    assert energy.along(a, b).item() == pytest.approx(oracle - bias, rel=1e-9)


@pytest.mark.parametrize("dims", [1, 20, 784])
def test_equal_distributions_are_at_distance_zero_with_any_number_of_dimensions(dims: int) -> None:
    found = [
        energy.distance(normal(100, dims, 2 * s), normal(100, dims, 2 * s + 1)) for s in range(40)
    ]
    assert abs(np.mean(found)) < 3 * np.std(found, ddof=1) / math.sqrt(len(found))
    assert min(found) < 0 < max(found)


@pytest.mark.parametrize("dims", [20, 784])
def test_two_spikes_on_each_axis_have_the_prior_s_moments_and_are_far(dims: int) -> None:
    prior, found = normal(2000, dims, 0), spikes(2000, dims, 1)
    expected = 2 * FROM_SPIKE - 1 - OF_NORMALS
    assert expected == pytest.approx(0.205, abs=0.001)
    assert energy.along(found, prior).mean().item() == pytest.approx(expected, abs=0.01)
    assert energy.distance(found, prior) > 0.45 * expected
    assert energy.distance(normal(2000, dims, 2), prior) == pytest.approx(0, abs=0.002)


def test_shifts_and_points_have_their_closed_forms() -> None:
    prior, shift = normal(4000, 20, 0), 1.5
    width = math.sqrt(2)  # of the difference of two normals
    across = 2 * width * math.exp(Normal(0, width).log_prob(torch.tensor(shift)).item()) * width
    across += shift * math.erf(shift / width / math.sqrt(2))
    moved = energy.along(normal(4000, 20, 1) + shift, prior)
    assert moved.mean().item() == pytest.approx(2 * (across - OF_NORMALS), rel=0.02)
    point = energy.distance(torch.zeros(4000, 20), prior)
    assert point == pytest.approx(POINT, rel=0.02)


def test_dimensions_that_depend_on_each_other_are_seen_beside_normal_axes() -> None:
    prior, one = normal(4000, 20, 0), normal(4000, 1, 1).expand(-1, 20)
    assert energy.along(one, prior).mean().item() == pytest.approx(0, abs=0.003)
    assert energy.distance(one, prior) > 0.02


class Coder(Model):
    """Has a posterior that is wide in all dimensions; its means are the first pixels."""

    def __init__(self, information: float, classes: int = 0):
        super().__init__((1, 4, 5), 20, bool(classes), [1 / classes] * classes if classes else ())
        self.information = information
        self.weight = nn.Parameter(torch.zeros(1))
        self.pixels, self.exact = "continuous", False

    def phases(self) -> Any:
        raise AssertionError

    def log_weights(self, images: Tensor, labels: Any = None) -> Any:
        raise AssertionError

    def decode(self, latents: Tensor, labels: Any = None) -> Tensor:
        return latents.reshape(-1, 1, 4, 5)

    def encode(self, images: Tensor, labels: Any = None) -> Tensor:
        means = images.flatten(1).sign() * self.information
        return means if labels is None or not self.num_classes else means + labels.unsqueeze(1)

    def infer(self, images: Tensor, labels: Any = None) -> Tensor:
        codes = self.encode(images, labels)
        return codes + math.sqrt(1 - self.information**2) * torch.randn_like(codes)

    def prior(self, count: int, generator: torch.Generator, labels: Any = None) -> Tensor:
        drawn = super().prior(count, generator)
        return drawn if labels is None else drawn + labels.unsqueeze(1)


class Real:
    """A reference of images that are normal noise."""

    count = 3000

    def batches(self, split: str, count: int) -> Any:
        for seed in range(count // 500):
            images = normal(500, 20, seed).float().reshape(-1, 1, 4, 5)
            yield Batch(images, torch.arange(500) % 3)


def distance(model: Any) -> float:
    cpu, real = torch.device("cpu"), Real()
    found = encoding.encode(model, cpu, real, lambda images: None)  # type: ignore[arg-type]
    assert found.latents.shape == found.prior.shape == (3000, 20)
    return energy.distance(found.latents, found.prior)


def test_latents_of_a_model_are_measured_from_its_own_prior() -> None:
    collapsed, useful, spiked = (distance(Coder(each)) for each in (0.0, 0.5, 0.999))
    assert collapsed == pytest.approx(0, abs=0.002)
    assert useful == pytest.approx(0, abs=0.01)  # nearly normal, with the prior's moments
    assert spiked > 0.09
    assert distance(Coder(0.0, classes=3)) == pytest.approx(0, abs=0.002)
