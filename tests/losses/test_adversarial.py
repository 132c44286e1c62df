"""Adversarial games, penalties and augmentations against closed forms and formulas of their own."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from genmodels import losses
from genmodels.losses import penalties

TWO = math.log(2)
REAL = torch.randn(8, 1, generator=torch.Generator().manual_seed(0))
FAKE = torch.randn(8, 1, generator=torch.Generator().manual_seed(1))
IMAGES = torch.rand(6, 2, 5, 4, generator=torch.Generator().manual_seed(2)) * 2 - 1

# Each side's loss as its paper writes it, with D = sigmoid(logits) where it has one.
FORMULAS: dict[str, Callable[..., Any]] = {
    "non_saturating": lambda r, f: (
        -torch.log(r.sigmoid()).mean() - torch.log(1 - f.sigmoid()).mean(),
        -torch.log(f.sigmoid()).mean(),
    ),
    "minimax": lambda r, f: (
        -torch.log(r.sigmoid()).mean() - torch.log(1 - f.sigmoid()).mean(),
        torch.log(1 - f.sigmoid()).mean(),
    ),
    "least_squares": lambda r, f: (
        0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(),
        0.5 * ((f - 1) ** 2).mean(),
    ),
    "wasserstein": lambda r, f: (f.mean() - r.mean(), -f.mean()),
    "hinge": lambda r, f: (
        -torch.minimum(r - 1, torch.zeros(())).mean()
        - torch.minimum(-f - 1, torch.zeros(())).mean(),
        -f.mean(),
    ),
    "boundary_seeking": lambda r, f: (
        -torch.log(r.sigmoid()).mean() - torch.log(1 - f.sigmoid()).mean(),
        0.5 * (torch.log(f.sigmoid()) - torch.log(1 - f.sigmoid())).square().mean(),
    ),
    "softmax": lambda r, f: (
        -torch.log(torch.cat([r, f]).softmax(0)[: len(r)] * 2 * len(r)).mean(),
        -torch.log(torch.cat([r, f]).softmax(0) * 2 * len(r)).mean(),
    ),
}
EQUILIBRIA = {
    "non_saturating": (2 * TWO, TWO),
    "minimax": (2 * TWO, -TWO),
    "least_squares": (0.25, 0.125),
    "wasserstein": (0.0, None),
    "hinge": (2.0, 0.0),
    "boundary_seeking": (2 * TWO, 0.0),
    "softmax": (0.0, 0.0),
}


@pytest.mark.parametrize("name", losses.ADVERSARIAL)
def test_each_side_minimises_what_its_paper_says(name: Any) -> None:
    game = losses.ADVERSARIAL[name]
    discriminator, generator = FORMULAS[name](REAL, FAKE)
    torch.testing.assert_close(sum(game.discriminator(REAL, FAKE)), discriminator)
    torch.testing.assert_close(game.generator(FAKE, REAL), generator)


@pytest.mark.parametrize("name", losses.ADVERSARIAL)
def test_equilibrium(name: Any) -> None:
    sides = dict(zip(("discriminator", "generator"), EQUILIBRIA[name], strict=True))
    known = {side: value for side, value in sides.items() if value is not None}
    assert losses.ADVERSARIAL[name].equilibrium() == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize("name", losses.ADVERSARIAL)
def test_the_generator_is_blind_to_real_images_where_it_says_so(name: Any) -> None:
    game = losses.ADVERSARIAL[name]
    same = torch.equal(game.generator(FAKE, REAL), game.generator(FAKE, REAL + 3))
    assert same != game.sees_real


def test_minimax_saturates_where_non_saturating_does_not() -> None:
    gradients = {}
    for name in ("minimax", "non_saturating"):
        logits = torch.full((1, 1), -10.0, requires_grad=True)  # the discriminator is sure
        loss = losses.ADVERSARIAL[name].generator(logits, logits)
        (gradients[name],) = torch.autograd.grad(loss, logits)
    assert gradients["non_saturating"].item() == pytest.approx(-1, abs=1e-3)
    assert gradients["minimax"].item() == pytest.approx(0, abs=1e-3)


def test_relativistic_pairing_is_the_objective_of_r3gan() -> None:
    game = losses.relativistic(losses.ADVERSARIAL["non_saturating"], "paired")
    torch.testing.assert_close(sum(game.discriminator(REAL, FAKE)), F.softplus(FAKE - REAL).mean())
    torch.testing.assert_close(game.generator(FAKE, REAL), F.softplus(REAL - FAKE).mean())
    assert game.threshold is None
    assert game.equilibrium() == pytest.approx({"discriminator": TWO, "generator": TWO})


def test_relativistic_averages_are_those_of_the_paper() -> None:
    game = losses.relativistic(losses.ADVERSARIAL["least_squares"], "average")
    r, f = REAL - FAKE.mean(), FAKE - REAL.mean()
    expected = 0.25 * ((r - 1) ** 2).mean() + 0.25 * ((f + 1) ** 2).mean()
    torch.testing.assert_close(sum(game.discriminator(REAL, FAKE)), expected)
    expected = 0.25 * ((f - 1) ** 2).mean() + 0.25 * ((r + 1) ** 2).mean()
    torch.testing.assert_close(game.generator(FAKE, REAL), expected)


def test_a_game_without_pairing_stays_as_it_is() -> None:
    game = losses.ADVERSARIAL["hinge"]
    assert losses.relativistic(game, "none") is game


def linear_critic(length: float) -> Any:
    """A critic whose gradient has a length, everywhere."""
    direction = torch.randn(IMAGES[0].shape, generator=torch.Generator().manual_seed(4))
    direction = direction / direction.norm() * length
    return lambda images: (images * direction).flatten(1).sum(1, keepdim=True)


@pytest.mark.parametrize("name", losses.PENALTIES)
def test_a_penalty_is_0_at_its_norm(name: str) -> None:
    penalty = losses.PENALTIES[name]
    found = penalty.compute(linear_critic(penalty.norm), IMAGES, -IMAGES).item()
    assert found == pytest.approx(0, abs=1e-9)
    assert penalty.compute(linear_critic(penalty.norm + 1), IMAGES, -IMAGES).item() > 0.1


@pytest.mark.parametrize("length", [0.0, 0.5, 2.0])
def test_penalties_of_a_linear_critic(length: float) -> None:
    critic = linear_critic(length)
    found = {
        name: penalty.compute(critic, IMAGES, -IMAGES).item()
        for name, penalty in losses.PENALTIES.items()
    }
    towards_one, towards_zero = (length - 1) ** 2, length**2 / 2
    assert found == pytest.approx(
        {
            "gradient": towards_one,
            "dragan": towards_one,
            "r1": towards_zero,
            "r2": towards_zero,
            "divergence": length**6,
        },
        rel=1e-5,
        abs=1e-6,
    )


def square(images: Tensor) -> Tensor:  # gradient 2 x, so its length is twice the image's
    return images.flatten(1).square().sum(1, keepdim=True)


def test_penalties_are_taken_where_the_papers_say() -> None:
    real, fake = IMAGES, IMAGES * 0.5
    norms = real.flatten(1).norm(dim=1)
    assert losses.PENALTIES["r1"].compute(square, real, fake).item() == pytest.approx(
        2 * norms.square().mean().item(), rel=1e-5
    )
    assert losses.PENALTIES["r2"].compute(square, real, fake).item() == pytest.approx(
        0.5 * norms.square().mean().item(), rel=1e-5
    )
    torch.manual_seed(0)
    found = losses.PENALTIES["gradient"].compute(square, real, fake)
    torch.manual_seed(0)
    share = torch.rand(len(real), 1, 1, 1)
    between = share * real + (1 - share) * fake
    expected = (2 * between.flatten(1).norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(found, expected)


def test_dragan_moves_by_half_a_standard_deviation_at_most() -> None:
    moved = []

    def watching(images: Tensor) -> Any:
        moved.append((images - IMAGES).detach())
        return square(images)

    for _ in range(50):
        losses.PENALTIES["dragan"].compute(watching, IMAGES, IMAGES)
    steps = torch.cat(moved).flatten(1)
    assert steps.min() >= -1e-6
    assert steps.max() <= IMAGES.std() / 2
    assert steps.max() > 0.45 * IMAGES.std()
    means = steps.mean(1)  # of uniform noise, each image's with a share of its own
    assert means.mean().item() == pytest.approx(IMAGES.std().item() / 8, rel=0.2)
    assert means.min() < means.mean() / 4


def test_a_penalty_reaches_the_weights() -> None:
    weight = torch.tensor(3.0, requires_grad=True)
    loss = losses.PENALTIES["r1"].compute(
        lambda images: weight * images.flatten(1).sum(1), IMAGES, IMAGES
    )
    (slope,) = torch.autograd.grad(loss, weight)  # ½ w² · pixels
    assert slope.item() == pytest.approx(3.0 * IMAGES[0].numel(), rel=1e-5)


def test_a_flat_critic_has_a_penalty_without_a_slope() -> None:
    weight = torch.zeros((), requires_grad=True)
    norms = penalties.norms(lambda images: weight * images.flatten(1).sum(1), IMAGES)
    (slope,) = torch.autograd.grad(norms.sum(), weight)
    assert norms.eq(0).all()
    assert slope.isfinite()


@pytest.mark.parametrize("kind", ["color", "translation", "cutout"])
def test_augmentation_keeps_shapes_and_passes_gradients(kind: Any) -> None:
    images = torch.rand(4, 3, 16, 9).requires_grad_()
    torch.manual_seed(0)
    changed = losses.augment(images, [kind])
    assert changed.shape == images.shape
    assert not torch.equal(changed, images)
    (slope,) = torch.autograd.grad(changed.square().sum(), images)
    assert slope.abs().sum() > 0
    assert torch.equal(losses.augment(images, []), images)


def test_translation_brings_black_in() -> None:
    images = torch.ones(64, 1, 16, 16)
    torch.manual_seed(0)
    moved = losses.augment(images, ["translation"])
    assert set(moved.unique().tolist()) == {-1.0, 1.0}
    away = (moved == -1).flatten(1).sum(1)
    assert away.max() == 16 * 16 - 14 * 14  # an eighth of both sides
    assert away.min() == 0


def test_translation_rounds_an_eighth_of_a_side_to_the_nearest_pixel() -> None:
    torch.manual_seed(0)
    moved = losses.augment(torch.ones(256, 1, 28, 28), ["translation"])
    assert (moved == -1).flatten(1).sum(1).max() == 28 * 28 - 24 * 24  # 3.5 pixels are 4


def test_cutout_greys_at_most_a_square_of_half_the_sides() -> None:
    torch.manual_seed(0)
    cut = (losses.augment(torch.ones(64, 1, 16, 16), ["cutout"]) == 0).flatten(1).sum(1)
    assert cut.max() == 64
    assert cut.min() >= 16
