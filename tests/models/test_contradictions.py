"""Settings that are valid one by one and contradict each other are refused with the reason."""

import math
from pathlib import Path
from typing import Any

import pytest

from genmodels import config
from genmodels.config import components
from genmodels.console import Display
from genmodels.errors import InputError
from genmodels.training import session

GAN, VAE = {"class": "GAN"}, {"class": "VAE"}
CASES = [
    (GAN | {"penalties": {"r1": 1.0}, "weight_clip": 0.01}, "weight_clip and penalties (r1)"),
    (
        GAN | {"penalties": {"r1": 1.0, "gradient": 1.0}},
        "gradients of 0 (r1) and",
    ),
    (GAN | {"penalties": {"dragan": 1.0, "gradient": 1.0}}, "ask for the same thing"),
    (GAN | {"penalties": {"r3": 1.0}}, "penalties.r3: is 'r3'; give 'gradient', 'dragan'"),
    (GAN | {"penalties": {"r1": -1.0}}, "penalties.r1: is -1.0; give a number above 0"),
    (GAN | {"penalty_every": 16}, "there are no penalties"),
    (GAN | {"spectral": True, "weight_clip": 0.01}, "spectral and weight_clip"),
    (GAN | {"loss": "wasserstein", "relativistic": "paired"}, "a loss of differences already"),
    (GAN | {"loss": "minimax", "relativistic": "paired"}, "in the generator's alone"),
    (GAN | {"loss": "boundary_seeking", "relativistic": "average"}, "in the generator's alone"),
    (
        GAN | {"penalties": {"gradient": 1.0}, "network": {"normalization": "batch"}},
        "batch normalisation mixes them",
    ),
    (GAN | {"penalties": {"r1": math.inf}}, "penalties.r1: is inf; give a finite number"),
    (GAN | {"conditioning": "projection"}, "only for conditional: true"),
    (GAN | {"critic_steps": 0}, "critic_steps: is 0; give 1 or more"),
    (GAN | {"dropout": 1.0}, "dropout: is 1.0; give a number below 1"),
    (GAN | {"weight_clip": 0.0}, "weight_clip: is 0.0"),
    (VAE | {"samples": 0}, "samples: is 0; give 1 or more"),
    (VAE | {"bound": "iwae"}, "iwae of 1 sample is the elbo"),
    (VAE | {"bound": "iwae", "samples": 5, "beta": 2.0}, "no KL term that beta could change"),
    (VAE | {"bound": "iwae", "samples": 5, "warmup": 9}, "no KL term that warmup could change"),
    (VAE | {"scale": "learned"}, "a bernoulli likelihood has none"),
    (VAE | {"scale": 0.5}, "a bernoulli likelihood has none"),
    (VAE | {"components": 5}, "a prior sampler has none; take gmm"),
    (VAE | {"sampler": "gmm", "components": 50_001}, "give 50,000 or fewer"),
    ({"class": "BiGAN", "sampler": "gaussian", "components": 5}, "a gaussian sampler has none"),
    (
        VAE | {"likelihood": "discretized_logistic", "scale": "optimal"},
        "optimal is known for gaussian",
    ),
    (VAE | {"likelihood": "gaussian", "scale": 0.0}, "scale: is 0.0; give a number above 0"),
    (VAE | {"likelihood": "gaussian", "binarize": True}, "are not gaussian; take bernoulli"),
    (VAE | {"divergence": "total_correlation", "free_bits": 1.0}, "they belong to divergence: kl"),
    (VAE | {"latent_dim": 0}, "latent_dim: is 0; give 1 or more"),
    ({"class": "Autoencoder", "mmd": 1.0, "code_weight": 1.0}, "both say where codes lie"),
    ({"class": "Flow", "steps": 0}, "steps: is 0"),
    ({"class": "Flow", "network": {"class": "MLP"}}, "unknown class 'MLP'"),
    ({"class": "VAE", "network": {"class": "UNet"}}, "unknown class 'UNet'"),
    ({"class": "AAE", "discriminator": {"class": "Conv"}}, "genmodels.networks has MLP"),
    ({"class": "BEGAN", "gamma": 0.0}, "gamma: is 0.0"),
    ({"class": "EBGAN", "margin": 0.0}, "margin: is 0.0"),
    (
        {"class": "InfoGAN", "categories": 1},
        "categories: is 1; give 2 or more",
    ),
    ({"class": "VQVAE", "codes": 1}, "codes: is 1; give 2 or more"),
    ({"class": "Autoregressive", "patch": 0}, "patch: is 0"),
    ({"class": "VAEGAN", "similarity": -1.0}, "similarity: is -1.0"),
    ({"class": "BiGAN", "dropout": 2.0}, "dropout: is 2.0"),
    (VAE | {"network": {"hidden": [64, 0]}}, "network.hidden.1: is 0; give 1 or more"),
    (VAE | {"network": {"hidden": []}}, "network.hidden: is []; "),
    (VAE | {"network": {"class": "Conv", "channels": []}}, "network.channels: is []; "),
    (VAE | {"network": {"class": "Residual", "depth": 0}}, "network.depth: is 0; "),
    ({"class": "Flow", "network": {"width": -1}}, "network.width: is -1; "),
    (
        {"class": "Autoregressive", "network": {"heads": 5}},
        "network.heads: 5 do not divide the width of 128",
    ),
]


@pytest.mark.parametrize(("model", "reason"), CASES, ids=lambda value: str(value)[:60])
def test_contradictions_are_refused_when_the_configuration_is_read(model: Any, reason: Any) -> None:
    with pytest.raises(InputError) as refused:
        config.resolve([{"model": model}], "mine.yaml")
    assert reason in str(refused.value)
    assert str(refused.value).startswith("mine.yaml: model.")
    assert "\n" not in str(refused.value)


def test_a_presets_penalty_can_be_taken_away() -> None:
    layers = [config.assignment(text) for text in ("model.penalties={gradient: null, r1: 2}",)]
    spec = config.read("wgan-gp.yaml", layers).model
    model = components.build(spec, config.MODELS, image_shape=(1, 8, 8))
    assert model.penalties == {"r1": 2.0}


def test_several_are_told_at_once() -> None:
    model = GAN | {"penalties": {"r1": 1.0, "dragan": 1.0}, "weight_clip": 0.1, "spectral": True}
    with pytest.raises(InputError, match="3 problems"):
        config.resolve([{"model": model}], "mine.yaml")


def test_labels_of_an_unlabelled_set_are_refused(workplace: Path) -> None:
    from PIL import Image

    folder = workplace / "pictures"
    folder.mkdir()
    for number in range(60):
        Image.new("L", (8, 8), number * 4).save(folder / f"{number}.png")
    settings = config.resolve(
        [{"model": VAE | {"conditional": True}, "data": {"name": str(folder)}}], "mine.yaml"
    )
    with pytest.raises(InputError, match=r"conditional: true needs labels.*one folder for each"):
        session.train(settings, "mine", workplace / "run", False, Display(True))
    assert not (workplace / "run").exists()


def test_every_size_below_8_says_what_works(workplace: Path) -> None:
    from genmodels.networks import UNet

    with pytest.raises(InputError, match=r"4x4 are too small for a network of 2 levels.*5x5"):
        UNet(8, 2).vector_field((1, 4, 4))
    with pytest.raises(InputError, match=r"8x9 are too small for a network of 2 levels.*9x9"):
        UNet(8, 2, patch=2).vector_field((1, 8, 9))
