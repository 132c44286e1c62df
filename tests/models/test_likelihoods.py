"""Each likelihood of the table, with each option: refused, or it keeps a short contract."""

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels import config, losses, testing
from genmodels.config import GIVEN, MODELS, components
from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.losses.likelihoods import Likelihood, around_means
from genmodels.models import VAE
from genmodels.networks import MLP
from genmodels.system import randomness

SHAPE = (1, 6, 6)
LEVELS = torch.randint(0, 256, (8, *SHAPE), generator=randomness.generator(0, "images"))
BATCH = Batch(LEVELS / 255, torch.arange(8) % 2)
OPTIONS = {
    "scale": (0.1, 0.5, "learned", "optimal"),
    "bound": ("elbo", "iwae"),
    "sampler": ("prior", "gaussian", "gmm"),
    "conditional": (False, True),
    "binarize": (False, True),
}


def combinations(name: str) -> Any:
    for values in itertools.product(*OPTIONS.values()):
        settings = {"likelihood": name, **dict(zip(OPTIONS, values, strict=True))}
        yield settings | {"samples": 2 if settings["bound"] == "iwae" else 1}


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
        model.fit([BATCH])
        latents = model.prior(8, randomness.generator(0, "latents"), labels)
        assert model.decode(latents, labels).isfinite().all()
        assert model.log_weights(BATCH.images, labels).isfinite().all()
        terms = model.validation_metrics(BATCH if labels is not None else Batch(BATCH.images))
        assert all(term.isfinite() for term in terms.values())


@pytest.mark.parametrize("name", losses.LIKELIHOODS)
def test_each_combination_is_refused_or_keeps_its_contract(name: Any) -> None:
    accepted = 0
    for settings in combinations(name):
        if found := problems(**settings):
            refused = {line.partition(":")[0].removeprefix("model.") for line in found}
            assert refused <= {"scale", "binarize"}
            assert all(settings[option] != OPTIONS[option][0] for option in refused)
        else:
            keeps_its_contract(**settings)
            accepted += 1
    assert accepted >= len(OPTIONS["sampler"]) * 2 * 2  # the scale as it is, nothing binarised


@pytest.mark.parametrize("name", losses.LIKELIHOODS)
def test_what_is_refused_is_an_error_that_names_the_setting(name: str) -> None:
    likelihood = losses.LIKELIHOODS[name]
    able = {
        ("scale", 0.5): likelihood.scaled,
        ("scale", "learned"): likelihood.scaled,
        ("scale", "optimal"): likelihood.optimal_variance is not None,
        ("binarize", True): likelihood.pixels == "binary",
    }
    for (option, value), accepted in able.items():
        layer = {"model": {"class": "VAE", "likelihood": name, option: value}}
        if accepted:
            assert config.resolve([layer], "mine.yaml").model[option] == value
        else:
            with pytest.raises(InputError, match=rf"^mine.yaml: model\.{option}: "):
                config.resolve([layer], "mine.yaml")


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize(
    "settings", [{"pixels": "binary"}, {"mixtures": 1}, {"mixtures": 3}], ids=str
)
def test_mixtures_of_an_autoregressive_model_keep_the_contract(
    settings: Any, conditional: Any
) -> None:
    network = {"class": "Transformer", "width": 8, "depth": 1, "heads": 1}
    spec = {"class": "Autoregressive", "hidden": 4, "network": network, "conditional": conditional}
    testing.check_model(spec | settings, SHAPE)


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
