"""The adversarial game, against formulas of its own."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from genmodels.data.images import Batch
from genmodels.models import GAN
from genmodels.networks import MLP, Conv
from genmodels.system import randomness

SHAPE = (1, 9, 9)
LABELS = torch.tensor([0, 2, 1, 0, 0, 1, 1, 2])
LINEAR = MLP(())  # a critic whose gradient is its weight, everywhere


def make(network: Any = MLP((16,), "leaky_relu"), **settings: Any) -> Any:
    with randomness.placed(0, "init"):
        return GAN(SHAPE, 5, network, **settings)


def phases(model: Any) -> dict[str, Any]:
    return {phase.name: phase for phase in model.phases()}


@pytest.fixture
def images() -> Tensor:
    return torch.rand(8, *SHAPE, generator=randomness.generator(0, "images"))


def check(model: Any, phase: Any, batch: Any, expected: Any) -> None:
    """The loss of a phase, and its gradients, are those of a formula of the generator's noise."""
    found = phases(model)[phase]
    with randomness.placed(0, "objective"):
        loss = found.objective(batch)["loss"]
    with randomness.placed(0, "objective"):
        wanted = expected(torch.randn(8, 5))
    torch.testing.assert_close(loss, wanted)
    parameters = list(found.module.parameters())
    for slope, other in zip(
        torch.autograd.grad(loss, parameters),
        torch.autograd.grad(wanted, parameters),
        strict=True,
    ):
        torch.testing.assert_close(slope, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("one_pass", [True, False])
def test_discriminator_learns_from_real_and_generated_images(
    images: Tensor, one_pass: bool
) -> None:
    model = make()
    assert model.one_pass
    model.one_pass = one_pass
    discriminator = model.discriminator

    def expected(noise: Tensor) -> Tensor:
        real = F.logsigmoid(discriminator(images * 2 - 1)).mean()
        generated = model.decode(noise).detach()
        return -real - torch.log1p(-discriminator(generated * 2 - 1).sigmoid()).mean()

    check(model, "discriminator", Batch(images), expected)


def test_batch_statistics_are_of_real_or_generated_images_alone(images: Tensor) -> None:
    model = GAN(SHAPE, 5, MLP((16, 8), "leaky_relu", "batch"))
    assert not model.one_pass
    real = model.phases()[0].objective(Batch(images))["real"]
    expected = F.softplus(-model.discriminator(images * 2 - 1)).mean()
    torch.testing.assert_close(real, expected)


def stretched(model: Any) -> Any:
    """Return a model with weights so large that images and their logits differ."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    return model


# What a generator minimises that is compared with real images: Jolicoeur-Martineau (2019),
# sections 4.1 and 4.2; Lin (2017), equation 4, up to the logarithm of the number of images.
BESIDE_REAL: dict[str, tuple[dict[str, Any], Callable[..., Any]]] = {
    "paired": ({"relativistic": "paired"}, lambda r, f: -F.logsigmoid(f - r).mean()),
    "average": (
        {"relativistic": "average"},
        lambda r, f: -(F.logsigmoid(f - r.mean()) + F.logsigmoid(f.mean() - r)).mean() / 2,
    ),
    "softmax": (
        {"loss": "softmax"},
        lambda r, f: -(torch.cat([r, f]).softmax(0) * 16).log().mean(),
    ),
}


@pytest.mark.parametrize("game", BESIDE_REAL)
@pytest.mark.parametrize("one_pass", [True, False])
def test_a_generator_is_compared_with_the_real_images_of_its_batch(
    images: Tensor, game: Any, one_pass: bool
) -> None:
    settings, formula = BESIDE_REAL[game]
    model = stretched(make(**settings))
    model.one_pass = one_pass

    def expected(noise: Tensor) -> Any:
        fake = model.discriminator(model.generator(noise).tanh())
        return formula(model.discriminator(images * 2 - 1), fake)

    check(model, "generator", Batch(images), expected)


@pytest.mark.parametrize("phase", ["discriminator", "generator"])
@pytest.mark.parametrize("one_pass", [True, False])
def test_an_auxiliary_head_learns_the_labels_of_real_and_generated_images(
    images: Tensor, phase: str, one_pass: bool
) -> None:
    """Odena et al. (2017), equations 2 and 3: both sides maximise the labels' likelihood."""
    model = stretched(
        make(conditional=True, conditioning="auxiliary", class_shares=(0.5, 0.3, 0.2))
    )
    model.one_pass = one_pass

    def logits_and_label_loss(inputs: Tensor) -> tuple[Any, ...]:
        logits, classes = model.discriminator(inputs).split([1, 3], 1)
        return logits, -classes.softmax(1)[torch.arange(8), LABELS].log().mean()

    def expected(noise: Tensor) -> Tensor:
        fake, fake_labels = logits_and_label_loss(model.generator(noise, LABELS).tanh())
        if phase == "generator":
            return -F.logsigmoid(fake).mean() + fake_labels
        real, real_labels = logits_and_label_loss(images * 2 - 1)
        return -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean() + real_labels + fake_labels

    check(model, phase, Batch(images, LABELS), expected)


@pytest.mark.parametrize("conditioning", ["concat", "projection"])
@pytest.mark.parametrize("one_pass", [True, False])
def test_a_discriminator_gets_the_label_of_each_image(
    images: Tensor, conditioning: str, one_pass: bool
) -> None:
    shares = (0.5, 0.3, 0.2)
    model = stretched(make(conditional=True, conditioning=conditioning, class_shares=shares))
    model.one_pass = one_pass

    def expected(noise: Tensor) -> Tensor:
        real = model.discriminator(images * 2 - 1, LABELS)
        fake = model.discriminator(model.generator(noise, LABELS).tanh(), LABELS)
        return -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()

    check(model, "discriminator", Batch(images, LABELS), expected)


def layers(network: Any) -> list[Any]:
    return [
        layer.weight.flatten(1)
        for layer in network.modules()
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d)
    ]


@pytest.mark.parametrize("network", [MLP((16, 8)), Conv((4, 6))], ids=["MLP", "Conv"])
def test_spectral_divides_each_layer_by_its_largest_singular_value(
    images: Tensor, network: Any
) -> None:
    model = make(network, spectral=True).train()
    with torch.no_grad():
        for parameter in model.parameters():  # the iteration follows weights that learn
            parameter.normal_(generator=randomness.generator(0, "weights"))
        for _ in range(100):
            model.realness(images)
    found = [torch.linalg.svdvals(weight)[0].item() for weight in layers(model.discriminator)]
    assert found == pytest.approx([1] * 3, abs=0.02)
    assert all(torch.linalg.svdvals(weight)[0] > 2 for weight in layers(model.generator))


def test_weights_of_the_discriminator_are_clipped_after_its_updates() -> None:
    model = make(weight_clip=0.02)
    found = phases(model)
    before = {name: value.clone() for name, value in model.named_parameters()}
    found["discriminator"].constrain()
    for name, value in model.named_parameters():
        clipped = name.startswith("discriminator")
        wanted = before[name].clamp(-0.02, 0.02) if clipped else before[name]
        assert torch.equal(value, wanted)
        assert clipped == (value.abs().max() <= 0.02)
    assert found["generator"].constrain is None
    assert phases(make())["discriminator"].constrain is None


LENGTHS: dict[str, tuple[dict[str, float], Callable[..., Any]]] = {
    "gradient": ({"gradient": 10.0}, lambda length: 10 * (length - 1) ** 2),
    "r1 and r2": ({"r1": 2.0, "r2": 3.0}, lambda length: (2 + 3) * length**2 / 2),
}


@pytest.mark.parametrize("penalties", LENGTHS)
@pytest.mark.parametrize("every", [1, 4])
def test_lazy_penalties_weigh_as_much_more_as_they_are_rarer(
    images: Tensor, penalties: Any, every: int
) -> None:
    weights, formula = LENGTHS[penalties]
    model = make(LINEAR, penalties=weights, penalty_every=every)
    found = phases(model)
    expected = formula(model.discriminator[-1].weight.norm())
    terms = found["discriminator"].objective(Batch(images))
    if every == 1:
        assert list(found) == ["discriminator", "generator"]
        torch.testing.assert_close(terms["penalty"], expected)
        torch.testing.assert_close(terms["loss"], terms["real"] + terms["fake"] + expected)
    else:
        assert list(found) == ["discriminator", "penalty", "generator"]
        torch.testing.assert_close(terms["loss"], terms["real"] + terms["fake"])
        penalty = found["penalty"]
        assert penalty.every == every
        assert penalty.module is model.discriminator
        torch.testing.assert_close(penalty.objective(Batch(images))["loss"], every * expected)


@pytest.mark.parametrize("steps", [1, 5])
def test_the_critic_takes_its_steps_for_each_of_the_generator(steps: int) -> None:
    found = phases(make(critic_steps=steps, penalties={"r1": 1.0}, penalty_every=3))
    rhythm = {name: phase.every for name, phase in found.items()}
    assert rhythm == {"discriminator": 1, "penalty": 3, "generator": steps}


def white(**settings: Any) -> tuple[Any, ...]:
    """Return a GAN of white images, in which only a cut is grey, and its discriminator's inputs."""
    model, inputs = make(augment=("cutout",), **settings), []
    with torch.no_grad():
        model.generator[-2].bias.fill_(100)
    model.discriminator.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    return model, torch.ones(8, *SHAPE), inputs


@pytest.mark.parametrize("phase", ["discriminator", "penalty", "generator"])
@pytest.mark.parametrize("one_pass", [True, False])
def test_every_objective_sees_augmented_images(phase: str, one_pass: bool) -> None:
    model, images, inputs = white(penalties={"r1": 1.0}, penalty_every=2)
    model.train().one_pass = one_pass
    phases(model)[phase].objective(Batch(images))
    assert sum(map(len, inputs)) == (16 if phase == "discriminator" else 8)
    for image in torch.cat(inputs):
        assert set(image.unique().tolist()) == {0, 1}


def test_images_are_not_augmented_outside_training() -> None:
    model, images, inputs = white()
    model.eval()
    assert torch.equal(model.realness(images), model.realness(images))
    first, second = (model.validation_metrics(Batch(images)) for _ in range(2))
    assert first == second
    assert all(torch.equal(each, images) for each in inputs)
