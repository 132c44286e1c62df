"""Games beside the GAN's, against formulas of their own."""

from typing import Any

import pytest
import torch
from torch import Tensor, distributions
from torch.nn import functional as F

from genmodels.data.images import Batch
from genmodels.models import AAE, BEGAN, EBGAN, VAEGAN, BiGAN, InfoGAN
from genmodels.models.ebgan import pulling_away
from genmodels.networks import MLP
from genmodels.system import randomness

SHAPE = (1, 4, 5)
COUNT, LATENTS = 8, 3
NETWORK = MLP((12,), "leaky_relu")
IMAGES = torch.rand(COUNT, *SHAPE, generator=randomness.generator(0, "images"))
INPUTS = IMAGES * 2 - 1


def make(family: Any, **settings: Any) -> Any:
    """A small model with weights so large that its images differ."""
    if family is not InfoGAN:
        settings["latent_dim"] = LATENTS
    if family in (AAE, BiGAN):
        settings["discriminator"] = MLP((6,), "leaky_relu")
    with randomness.placed(0, "init"):
        model = family(SHAPE, network=NETWORK, **settings)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)
    return model


def objective(model: Any, name: str, images: Any = IMAGES) -> Any:
    (phase,) = (phase for phase in model.phases() if phase.name == name)
    with randomness.placed(0, "objective"):
        return phase.objective(Batch(images))


def drawn() -> Tensor:
    return torch.randn(COUNT, LATENTS)


def discriminator_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Goodfellow et al. (2014), equation 1, with D = sigmoid(logits)."""
    return -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()


def generator_loss(fake: Tensor) -> Tensor:
    """The same, section 3: maximise log D(G(z))."""
    return -fake.sigmoid().log().mean()


# AAE: Makhzani et al. (2016), section 2; draws of the prior are the real ones, codes the fake.
def code_logits(model: Any, codes: Tensor) -> Any:
    return model.discriminator(codes.view(-1, LATENTS, 1, 1))


def aae_reconstruction(model: Any) -> Tensor:
    again = model.coder["decoder"](model.coder["encoder"](IMAGES)).sigmoid()
    return (again - IMAGES).square().sum((1, 2, 3)).mean()


def aae_discriminator(model: Any) -> Any:
    codes = model.coder["encoder"](IMAGES)
    return discriminator_loss(code_logits(model, drawn()), code_logits(model, codes))


def aae_regularization(model: Any) -> Any:
    return generator_loss(code_logits(model, model.coder["encoder"](IMAGES)))


# BEGAN: Berthelot et al. (2017), equation 1 with η = 1, and section 3.4.
def absolute_error(model: Any, inputs: Tensor) -> Tensor:
    return (model.discriminator(inputs)[0].tanh() - inputs).abs().mean((1, 2, 3))


def began_discriminator(model: Any) -> Tensor:
    generated = model.generator(drawn()).tanh()
    real, fake = absolute_error(model, INPUTS).mean(), absolute_error(model, generated).mean()
    return real - 0.3 * fake


def began_generator(model: Any) -> Tensor:
    return absolute_error(model, model.generator(drawn()).tanh()).mean()


# EBGAN: Zhao et al. (2017), equations 1 and 2, and the pulling-away term of section 2.4.
MARGIN = 0.6  # between the energies of generated images


def energies_and_codes(model: Any, inputs: Tensor) -> tuple[Any, ...]:
    again, codes = model.discriminator(inputs)
    return (again.tanh() - inputs).square().mean((1, 2, 3)), codes


def ebgan_discriminator(model: Any) -> Tensor:
    real, _ = energies_and_codes(model, INPUTS)
    fake, _ = energies_and_codes(model, model.generator(drawn()).tanh())
    assert fake.min() < MARGIN < fake.max()
    return real.mean() + sum(max(MARGIN - energy, 0 * energy) for energy in fake) / COUNT


def ebgan_generator(model: Any) -> Tensor:
    energies, codes = energies_and_codes(model, model.generator(drawn()).tanh())
    cosines = [
        F.cosine_similarity(codes[i], codes[j], dim=0)
        for i in range(COUNT)
        for j in range(COUNT)
        if i != j
    ]
    return energies.mean() + 0.4 * torch.stack(cosines).square().mean()


# BiGAN: Donahue et al. (2017), equation 3; the coder's loss exchanges the sides.
def both_pairs(model: Any) -> tuple[Any, ...]:
    def pair_logits(inputs: Tensor, latents: Tensor) -> Any:
        features = F.leaky_relu(model.discriminator["image"](inputs), 0.2)
        return model.discriminator["pair"](torch.cat([features, latents], 1))

    latents = drawn()
    generated = model.coder["generator"](latents).tanh()
    return pair_logits(INPUTS, model.coder["encoder"](INPUTS)), pair_logits(generated, latents)


def bigan_discriminator(model: Any) -> Any:
    real, fake = both_pairs(model)
    return discriminator_loss(real, fake)


def bigan_coder(model: Any) -> Any:
    real, fake = both_pairs(model)
    return discriminator_loss(fake, real)


# InfoGAN: Chen et al. (2016), equation 6, with L_I of equation 5 as the likelihood of a
# categorical and, a tenth of it, of unit normals, up to their constants.
def infogan_parts(model: Any) -> tuple[Any, ...]:
    noise = torch.randn(COUNT, 3)
    rows, codes = torch.randint(4, (COUNT,)), torch.rand(COUNT, 2) * 2 - 1
    latents = torch.cat([noise, F.one_hot(rows, 4), codes], 1)
    logits, kinds, values = model.discriminator(model.generator(latents).tanh()).split([1, 4, 2], 1)
    category = distributions.Categorical(logits=kinds).log_prob(rows)
    guess = distributions.Normal(values, 1)
    code = (guess.log_prob(codes) - guess.log_prob(values)).sum(1)
    return logits, -(category + 0.1 * code).mean()


def infogan_discriminator(model: Any) -> Tensor:
    fake, information = infogan_parts(model)
    return discriminator_loss(model.discriminator(INPUTS)[:, :1], fake) + 0.7 * information


def infogan_generator(model: Any) -> Tensor:
    fake, information = infogan_parts(model)
    return generator_loss(fake) + 0.7 * information


# VAEGAN: Larsen et al. (2016), algorithm 1, with equation 7 for the likelihood; as many of the
# generated images are reconstructions as are samples.
def vaegan_parts(model: Any) -> tuple[Any, ...]:
    mean, log_variance = model.encoder(INPUTS).chunk(2, 1)
    posterior = distributions.Normal(mean, log_variance.exp().sqrt())
    again = model.decoder(posterior.rsample()).tanh()
    generated = model.decoder(drawn()).tanh()
    divergence = distributions.kl_divergence(posterior, distributions.Normal(0, 1)).sum(1).mean()
    return again, generated, divergence


def vaegan_features(model: Any, inputs: Tensor) -> Tensor:
    return F.leaky_relu(model.discriminator["features"](inputs), 0.2)


def vaegan_logits(model: Any, inputs: Tensor) -> Any:
    return model.discriminator["logit"](vaegan_features(model, inputs))


def feature_error(model: Any, one: Any, other: Any) -> Tensor:
    """−log N(D(other); D(one), I) up to its constant; equation 7."""
    error = vaegan_features(model, one) - vaegan_features(model, other)
    return 0.5 * error.square().sum(1).mean()


def vaegan_discriminator(model: Any) -> Any:
    again, generated, _ = vaegan_parts(model)
    fake = torch.cat([vaegan_logits(model, again), vaegan_logits(model, generated)])
    return discriminator_loss(vaegan_logits(model, INPUTS), fake)


def vaegan_decoder(model: Any) -> Tensor:
    again, generated, _ = vaegan_parts(model)
    game = (
        generator_loss(vaegan_logits(model, again))
        + generator_loss(vaegan_logits(model, generated))
    ) / 2
    return 0.3 * feature_error(model, again, INPUTS) + game


def vaegan_encoder(model: Any) -> Tensor:
    again, _, divergence = vaegan_parts(model)
    return feature_error(model, again, INPUTS) + 2.5 * divergence


# Each family's settings, and its phases in order: the module that learns, and its loss.
FORMULAS = {
    AAE: (
        {},
        {
            "reconstruction": ("coder", aae_reconstruction),
            "discriminator": ("discriminator", aae_discriminator),
            "regularization": ("coder.encoder", aae_regularization),
        },
    ),
    BEGAN: (
        {},
        {
            "discriminator": ("discriminator", began_discriminator),
            "generator": ("generator", began_generator),
        },
    ),
    BiGAN: (
        {},
        {
            "discriminator": ("discriminator", bigan_discriminator),
            "coder": ("coder", bigan_coder),
        },
    ),
    EBGAN: (
        {"margin": MARGIN, "repulsion": 0.4},
        {
            "discriminator": ("discriminator", ebgan_discriminator),
            "generator": ("generator", ebgan_generator),
        },
    ),
    InfoGAN: (
        {"noise_dim": 3, "categories": 4, "codes": 2, "weight": 0.7},
        {
            "discriminator": ("discriminator", infogan_discriminator),
            "generator": ("generator", infogan_generator),
        },
    ),
    VAEGAN: (
        {"similarity": 0.3, "beta": 2.5},
        {
            "discriminator": ("discriminator", vaegan_discriminator),
            "decoder": ("decoder", vaegan_decoder),
            "encoder": ("encoder", vaegan_encoder),
        },
    ),
}


@pytest.mark.parametrize("family", FORMULAS)
def test_sides_learn_in_the_order_of_their_paper(family: Any) -> None:
    settings, sides = FORMULAS[family]
    model = make(family, **settings)
    assert [phase.name for phase in model.phases()] == list(sides)
    for phase in model.phases():
        assert phase.module is model.get_submodule(sides[phase.name][0])
        assert phase.every == 1


@pytest.mark.parametrize(
    ("family", "side"), [(family, side) for family in FORMULAS for side in FORMULAS[family][1]]
)
def test_each_side_minimises_what_its_paper_says(family: Any, side: Any) -> None:
    settings, sides = FORMULAS[family]
    model = make(family, **settings)
    if family is BEGAN:
        model.balance.fill_(0.3)
    learning, formula = sides[side]
    found = objective(model, side)["loss"]
    with randomness.placed(0, "objective"):
        expected = formula(model)
    torch.testing.assert_close(found, expected)
    parameters = list(model.get_submodule(learning).parameters())
    for slope, wanted in zip(
        torch.autograd.grad(found, parameters),
        torch.autograd.grad(expected, parameters),
        strict=True,
    ):
        torch.testing.assert_close(slope, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("gamma", "rate", "end"), [(0.5, 0.2, None), (1.0, 1000.0, 1), (0.5, 1000.0, 0)]
)
def test_the_balance_follows_the_gap_and_stays_a_share(
    gamma: float, rate: float, end: int | None
) -> None:
    model = make(BEGAN, gamma=gamma, rate=rate)
    model.balance.fill_(0.3)
    terms = objective(model, "discriminator")
    gap = gamma * terms["real"] - terms["fake"]  # section 3.4
    expected = 0.3 + rate * gap.item()
    assert (0 < expected < 1) == (end is None)
    assert expected != pytest.approx(0.3, abs=0.01)
    assert model.balance.item() == pytest.approx(expected if end is None else end)
    assert terms["balance"].item() == pytest.approx(0.3)
    measure = terms["real"] + gap.abs()  # section 3.4.1
    torch.testing.assert_close(terms["convergence"], measure.detach())


def test_only_the_discriminators_phase_moves_the_balance() -> None:
    model = make(BEGAN, rate=1.0)
    model.balance.fill_(0.3)
    objective(model, "generator")
    assert model.balance.item() == pytest.approx(0.3)


LENGTHS = torch.tensor([[1.0], [-2.0], [0.5]])


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (torch.ones(3, 4), 1),
        (LENGTHS * torch.ones(3, 4), 1),
        (LENGTHS * torch.eye(3), 0),
        (torch.tensor([[1.0, 0.0], [3.0, 3.0]]), 0.5),
    ],
    ids=["identical", "parallel", "orthogonal", "45 degrees"],
)
def test_pulling_away_is_the_squared_cosine_of_different_codes(codes: Any, expected: float) -> None:
    assert pulling_away(codes).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("side", ["decoder", "encoder"])
@pytest.mark.parametrize("equal", [True, False])
def test_the_similarity_has_no_noise_of_dropout(equal: bool, side: str) -> None:
    model = make(VAEGAN, dropout=0.5).train()
    with torch.no_grad():
        model.decoder[-2].weight.zero_()  # all latents give one image
        again = model.decode(torch.zeros(COUNT, LATENTS))
    images = again if equal else IMAGES
    terms = objective(model, side, images)
    found = terms["similarity"] if side == "decoder" else terms["loss"] - terms["kl"]
    model.discriminator.eval()
    expected = feature_error(model, again * 2 - 1, images * 2 - 1)
    assert (expected == 0) == equal
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("family", "part"),
    [
        (BiGAN, "discriminator.image"),
        (BiGAN, "discriminator.pair"),
        (VAEGAN, "discriminator"),
    ],
)
def test_dropout_is_of_each_part_of_a_discriminator_that_learns(family: Any, part: str) -> None:
    model = make(family, dropout=0.5).eval()
    assert torch.equal(model.realness(IMAGES), model.realness(IMAGES))
    model.get_submodule(part).train()
    assert not torch.equal(model.realness(IMAGES), model.realness(IMAGES))


def test_latents_of_infogan_are_noise_a_category_and_codes() -> None:
    model = make(InfoGAN, noise_dim=3, categories=4, codes=2)
    latents = model.prior(4000, randomness.generator(0, "latents"))
    noise, kinds, codes = latents.split([3, 4, 2], 1)
    assert noise.mean().item() == pytest.approx(0, abs=0.05)
    assert noise.std().item() == pytest.approx(1, abs=0.05)
    assert set(kinds.unique().tolist()) == {0, 1}
    assert kinds.sum(1).eq(1).all()
    assert kinds.mean(0).tolist() == pytest.approx([0.25] * 4, abs=0.03)
    assert codes.abs().max() <= 1
    assert codes.mean().item() == pytest.approx(0, abs=0.05)
    assert codes.square().mean().item() == pytest.approx(1 / 3, abs=0.02)  # of a uniform one
