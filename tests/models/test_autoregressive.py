"""The autoregressive model: its likelihood is one, and its samples follow it."""

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels import losses
from genmodels.models import Autoregressive
from genmodels.networks import Transformer
from genmodels.system import randomness

SMALL = Transformer(16, 2, 2)


def make(shape: Any, **settings: Any) -> Any:
    with randomness.placed(0, "init"):
        model = Autoregressive(shape, SMALL, hidden=4, **settings)
        for parameter in model.parameters():  # away from where every pixel is a coin
            torch.nn.init.normal_(parameter, std=0.5)
    return model.eval()


def every_binary_image() -> Tensor:
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=9))).view(-1, 1, 3, 3)


@torch.no_grad()
@pytest.mark.parametrize("patch", [1, 2, 3, 4])
def test_probabilities_of_all_binary_images_sum_to_one(patch: int) -> None:
    model = make((1, 3, 3), pixels="binary", patch=patch)
    found = model.log_weights(every_binary_image()).double()
    assert found.exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert found.std() > 0.5


@torch.no_grad()
def test_samples_come_as_often_as_the_likelihood_says() -> None:
    model = make((1, 2, 2), pixels="binary", patch=2)
    images = torch.tensor(list(itertools.product((0.0, 1.0), repeat=4))).view(-1, 1, 2, 2)
    expected = model.log_weights(images).exp()
    drawn = model.decode(model.prior(20_000, randomness.generator(0, "z")))
    numbers = (drawn.flatten(1) @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()
    shares = torch.bincount(numbers, minlength=16) / 20_000
    assert (shares - expected).abs().max() < 4 * 0.5 / math.sqrt(20_000)


@torch.no_grad()
@pytest.mark.parametrize("pixels", ["binary", "levels"])
@pytest.mark.parametrize("patch", [1, 2, 4])
def test_decoding_gives_back_what_was_encoded(pixels: str, patch: int) -> None:
    model = make((2, 5, 3), pixels=pixels, patch=patch)
    top = 1 if pixels == "binary" else 255
    generator = randomness.generator(0, "images")
    images = torch.randint(top + 1, (4, 2, 5, 3), generator=generator) / top
    assert torch.equal(model.decode(model.encode(images)), images)


@torch.no_grad()
def test_a_pixel_depends_on_the_pixels_before_it_alone() -> None:
    model = make((1, 4, 4), patch=2)
    images = torch.randint(256, (1, 1, 4, 4), generator=randomness.generator(0, "i")) / 255
    levels = model._levels(images)
    before = model._outputs(levels, None)
    for place, pixel in itertools.product(range(4), range(4)):
        changed = levels.clone()
        changed[:, place, pixel] = (changed[:, place, pixel] + 100) % 256
        after = model._outputs(changed, None)
        differs = (after - before).abs().amax(-1)[0] > 1e-6
        position = place * 4 + pixel
        assert not differs.flatten()[: position + 1].any()
        assert position == 15 or differs.flatten()[position + 1 :].any()


LEVELS = torch.arange(256)


def test_a_mixture_has_all_its_mass_on_256_levels() -> None:
    outputs = torch.randn(7, 1, 30, generator=randomness.generator(0, "outputs")) * 3
    levels = LEVELS.expand(7, -1)
    found = losses.mixture_log_probability(outputs, levels).double().exp()
    assert found.shape == (7, 256)
    torch.testing.assert_close(found.sum(1), torch.ones(7).double(), atol=1e-5, rtol=0)
    cumulative = losses.mixture_cumulative(outputs, levels).double()
    torch.testing.assert_close(cumulative, found.cumsum(1), atol=1e-5, rtol=0)


def test_one_component_is_the_discretised_logistic() -> None:
    mean, log_scale = 0.3, -1.5
    outputs = torch.tensor([[0.0, mean, log_scale]])
    levels = (LEVELS / 255).view(-1, 1, 1, 1)
    expected = -losses.discretized_logistic(
        torch.full_like(levels, (mean + 1) / 2), levels, math.exp(log_scale) / 2
    )
    found = losses.mixture_log_probability(outputs, LEVELS)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_chance_reaches_the_lowest_level_with_as_much_below() -> None:
    outputs = torch.randn(50, 30, generator=randomness.generator(0, "outputs")) * 3
    chances = torch.rand(50, generator=randomness.generator(0, "chances")).double()
    chances[:2] = torch.tensor([0.0, 1.0])
    cumulative = losses.mixture_cumulative(outputs.unsqueeze(1), LEVELS.expand(50, -1))
    expected = (cumulative < chances.unsqueeze(1)).sum(1)
    assert torch.equal(losses.mixture_level(outputs, chances), expected)


@torch.no_grad()
def test_what_is_inferred_of_samples_is_the_prior_and_gives_them_back() -> None:
    model = make((1, 3, 3), pixels="binary", patch=3)
    images = model.decode(torch.randn(4000, 9, generator=randomness.generator(0, "latents")))
    with randomness.placed(0, "infer"):
        found = model.infer(images)
    assert torch.equal(model.decode(found), images)
    torch.testing.assert_close(found.mean(0), torch.zeros(9), atol=0.08, rtol=0)
    torch.testing.assert_close(found.T.cov(), torch.eye(9), atol=0.1, rtol=0)
    assert model.encode(images).var(0).mean() < 0.8  # the middles alone are no draws


def test_half_precision_stays_out_of_the_distribution_of_a_pixel() -> None:
    model = make((1, 4, 4), patch=2)
    images = torch.rand(4, 1, 4, 4, generator=randomness.generator(0, "images"))
    seen = []
    model.inside.register_forward_pre_hook(
        lambda module, given: seen.append((torch.is_autocast_enabled("cpu"), given[0].dtype))
    )
    with torch.autocast("cpu", torch.bfloat16):
        model.log_weights(images)
    assert seen == [(False, torch.float32)]
