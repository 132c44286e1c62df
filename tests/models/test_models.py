"""One contract, for every model and each of its settings on every kind of image."""

import inspect
from typing import Any

import pytest

from genmodels import config, testing
from genmodels.config import MODELS

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 33, 47), (4, 8, 9)]
MLP = {"class": "MLP", "hidden": [24, 16]}
CONV = {"class": "Conv", "channels": [8, 12]}
RESIDUAL = {"class": "Residual", "width": 4}
UNET = {"class": "UNet", "width": 8, "depth": 1}
GMM = {"sampler": "gmm", "components": 3}

# Each setting of each model, once; every other one has its default.
SETTINGS: dict[str, Any] = {
    "Autoencoder": [
        {},
        {"code_weight": 0.1, "decoder_weight": 1e-3, **GMM},
        {"mmd": 10.0, "sampler": "gaussian"},
        {"conditional": True},
    ],
    "VAE": [
        {},
        {"likelihood": "continuous_bernoulli"},
        {"likelihood": "gaussian"},
        {"likelihood": "gaussian", "scale": "learned"},
        {"likelihood": "gaussian", "scale": "optimal"},
        {"likelihood": "discretized_logistic", "scale": "learned"},
        {"free_bits": 0.1, "warmup": 10, "samples": 2},
        {"divergence": "total_correlation", "beta": 4.0, "warmup": 10},
        {"bound": "iwae", "samples": 3, "binarize": True},
        {**GMM, "beta": 0.2},
        {"sampler": "gaussian", "conditional": True},
    ],
    "GAN": [
        {},
        *({"loss": loss} for loss in ("minimax", "least_squares", "hinge", "softmax")),
        {"loss": "boundary_seeking", "dropout": 0.3},
        {"loss": "wasserstein", "weight_clip": 0.01, "critic_steps": 5},
        {"loss": "wasserstein", "penalties": {"gradient": 10.0}},
        {"loss": "wasserstein", "penalties": {"divergence": 2.0}},
        {"penalties": {"dragan": 10.0}, "relativistic": "average"},
        {"penalties": {"r1": 1.0, "r2": 1.0}, "relativistic": "paired"},
        {"penalties": {"r1": 1.0}, "penalty_every": 16},
        {"loss": "hinge", "spectral": True},
        {"augment": ["color", "translation", "cutout"]},
        {"conditional": True},
        {"conditional": True, "conditioning": "projection", "spectral": True},
        {"conditional": True, "conditioning": "auxiliary", "relativistic": "paired"},
    ],
    "AAE": [{}, GMM, {"conditional": True}],
    "BEGAN": [{}, {"conditional": True}],
    "BiGAN": [{}, GMM, {"conditional": True, "dropout": 0.3}],
    "EBGAN": [{}, {"conditional": True}],
    "InfoGAN": [{}, {"codes": 0}],
    "VAEGAN": [{}, {"sampler": "gaussian"}, {"conditional": True, "dropout": 0.3}],
    "VQVAE": [{"codes": 16, "tokens": 4}, {"codes": 16, "tokens": 4, "conditional": True}],
    "Autoregressive": [
        {"hidden": 4},
        {"hidden": 4, "pixels": "binary"},
        {"hidden": 4, "patch": 5, "conditional": True},
    ],
    "Flow": [
        {"steps": 2},
        {"steps": 2, "solver": "euler", "times": "logit_normal", "conditional": True},
        {"steps": 2, "network": {**UNET, "patch": 2, "blocks": 2}},
        {"steps": 2, "predicts": "image", "solver": "adams"},
        {"steps": 1, "student_every": 2, "conditional": True},
    ],
}
NETWORKS: dict[str, Any] = {
    "Network": [
        MLP,
        {**MLP, "normalization": "batch"},
        {**MLP, "normalization": "group"},
        CONV,
        {**CONV, "normalization": "batch"},
        {**CONV, "normalization": "group"},
        RESIDUAL,
        {**RESIDUAL, "normalization": "batch", "blocks": 2},
        {**RESIDUAL, "normalization": "group", "depth": 1},
        {"class": "Pair", "encoding": MLP, "decoding": CONV},
    ],
    "VectorField": [UNET, {"class": "ResidualMLP", "width": 16, "blocks": 2}],
    "Causal": [{"class": "Transformer", "width": 16, "depth": 2, "heads": 2}],
}


def specs() -> list[dict[str, Any]]:
    """Every setting with a plain network, every network with plain settings."""
    found = []
    for name, variants in SETTINGS.items():
        kind = MODELS.classes()[name]
        shape = inspect.signature(kind).parameters["network"].annotation.__name__
        networks = NETWORKS[shape]
        found += [{"class": name, "network": networks[0], **settings} for settings in variants]
        found += [{"class": name, "network": network} for network in networks[1:]]
    return found


def name_of(spec: dict[str, Any]) -> str:
    network = spec["network"]
    told = {key: value for key, value in spec.items() if key not in ("class", "network")}
    parts = [spec["class"], network["class"], *map(str, list(network.values())[2:])]
    return "-".join([*parts, *(f"{key}={value}" for key, value in told.items())])


def shapes(spec: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Smaller ones for what is drawn pixel by pixel."""
    return [(1, 8, 8), (3, 9, 11)] if spec["class"] == "Autoregressive" else SHAPES


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        # The daily loop tries one shape.
        pytest.param(spec, shape, marks=[pytest.mark.slow] if number else [])
        for spec in specs()
        for number, shape in enumerate(shapes(spec))
    ],
    ids=lambda value: str(value) if isinstance(value, tuple) else name_of(value),
)
def test_contract(spec: Any, shape: Any, pytestconfig: pytest.Config) -> None:
    testing.check_model(spec, shape, pytestconfig.getoption("--device"))


@pytest.mark.slow
@pytest.mark.parametrize("spec", specs(), ids=name_of)
def test_contract_in_half_precision(spec: Any, pytestconfig: pytest.Config) -> None:
    testing.check_model(spec, (1, 12, 12), pytestconfig.getoption("--device"), bf16=True)


@pytest.mark.parametrize("name", config.presets())
def test_every_preset_keeps_the_contract(name: Any, pytestconfig: pytest.Config) -> None:
    spec = config.read(name).model
    testing.check_model(spec, shapes(spec)[0], pytestconfig.getoption("--device"))


def test_every_model_is_held_to_it() -> None:
    assert SETTINGS.keys() == MODELS.classes().keys()
