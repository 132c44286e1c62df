"""Each likelihood of the table, with each option: refused, or it keeps a short contract."""

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels import losses
from genmodels.config import components
from genmodels.data.images import Batch
from genmodels.losses.likelihoods import Likelihood, around_means
from genmodels.models import VAE, base
from genmodels.networks import MLP
from genmodels.system import randomness

SHAPE = (1, 6, 6)
MODELS = components.Place("genmodels.models", base.Model)
GIVEN = ("image_shape", "class_shares")
LEVELS = torch.randint(0, 256, (8, *SHAPE), generator=randomness.generator(0, "images"))
BATCH = Batch(LEVELS / 255, torch.arange(8) % 2)
OPTIONS = list(
    itertools.product(
        (0.1, 0.5, "learned", "optimal"),
        ({"bound": "elbo"}, {"bound": "iwae", "samples": 2}),
        ("prior", "gaussian", "gmm"),
        (False, True),
        (False, True),
    )
)


def problems(**settings: Any) -> Any:
    return components.problems({"class": "VAE", **settings}, MODELS, "model", GIVEN)


def keeps_its_contract(**settings: Any) -> None:
    shares = (0.5, 0.5) if settings["conditional"] else ()
    with randomness.placed(0, "contract"):
        model = VAE(SHAPE, 2, MLP((8,)), components=2, class_shares=shares, **settings)
        loss = model.phases()[0].objective(BATCH)["loss"]
        loss.backward()
        assert loss.isfinite()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
        labels = BATCH.labels if settings["conditional"] else None
        images = model.decode(torch.randn(8, 2), labels)
        assert 0 <= images.min() <= images.max() <= 1
        model.eval()
        assert model.log_weights(BATCH.images, labels).isfinite().all()


@pytest.mark.parametrize("name", losses.LIKELIHOODS)
def test_each_combination_is_refused_or_keeps_its_contract(name: Any) -> None:
    accepted = 0
    bound: Any
    for scale, bound, sampler, conditional, binarize in OPTIONS:
        settings = {
            "likelihood": name,
            "scale": scale,
            "sampler": sampler,
            "conditional": conditional,
            "binarize": binarize,
            **bound,
        }
        if not problems(**settings):
            keeps_its_contract(**settings)
            accepted += 1
    assert accepted


def laplace(means: Tensor, images: Tensor, scale: Any) -> Tensor:
    log_scale = scale.log() if isinstance(scale, torch.Tensor) else math.log(scale)
    nats = (images - means).abs() / scale + math.log(2) + log_scale
    return nats.flatten(1).sum(1)


@pytest.fixture
def with_laplace(monkeypatch: pytest.MonkeyPatch) -> None:
    added = Likelihood(around_means(laplace), torch.sigmoid, "continuous", scaled=True)
    monkeypatch.setitem(losses.LIKELIHOODS, "laplace", added)


@pytest.mark.usefixtures("with_laplace")
def test_a_likelihood_that_is_added_to_the_table_is_a_setting() -> None:
    assert "laplace" in components.choices("VAE", MODELS)["likelihood"]
    assert not problems(likelihood="laplace", scale="learned")
    plain = {"likelihood": "laplace", "conditional": False}
    for scale in (0.1, "learned"):
        keeps_its_contract(scale=scale, **plain)


@pytest.mark.usefixtures("with_laplace")
def test_a_likelihood_without_a_closed_form_has_no_optimal_scale() -> None:
    (problem,) = problems(likelihood="laplace", scale="optimal")
    assert "optimal is known for gaussian" in problem


@pytest.mark.usefixtures("with_laplace")
def test_a_likelihood_that_is_added_integrates_to_one() -> None:
    likelihood = losses.LIKELIHOODS["laplace"]
    places = torch.linspace(-20, 20, 400_001, dtype=torch.float64).reshape(-1, 1, 1, 1)
    density = (-likelihood.nll(torch.full_like(places, 0.3), places, 0.1)).exp()
    assert torch.trapezoid(density, places.flatten()).item() == pytest.approx(1, abs=1e-5)
