"""Augmentation of the domain features: each change beside what it is said to be."""

import pytest
import torch
from torch import Tensor
from torchvision.transforms import v2

from genmodels.evaluation.features import augmentation
from genmodels.system import randomness


def generator() -> torch.Generator:
    return randomness.generator(0, "augmentation")


@pytest.fixture
def images() -> Tensor:
    return torch.rand(64, 3, 12, 10, generator=randomness.generator(0, "images"))


def test_images_keep_their_shape_and_range_and_depend_on_the_generator_alone(
    images: Tensor,
) -> None:
    found = augmentation.augmented(images, generator())
    assert found.shape == images.shape
    assert 0 <= found.min() < found.max() <= 1
    assert torch.equal(found, augmentation.augmented(images, generator()))
    assert not torch.equal(found, augmentation.augmented(images, randomness.generator(1, "other")))


def test_blur_is_that_of_torchvision(images: Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(augmentation, "_strengths", lambda *given: torch.full((64,), 0.8))
    found = augmentation._blurred(images, generator())
    expected = v2.functional.gaussian_blur(images, [7, 7], [0.8, 0.8])
    inside = (..., slice(3, -3), slice(3, -3))  # borders are repeated here and reflected there
    assert torch.allclose(found[inside], torch.as_tensor(expected)[inside], atol=1e-5)
    monkeypatch.setattr(augmentation, "_strengths", lambda *given: torch.zeros(64))
    assert torch.equal(augmentation._blurred(images, generator()), images)


def test_half_of_the_images_are_noisy_by_up_to_the_largest_strength() -> None:
    grey = torch.full((2000, 1, 16, 16), 0.5)
    deviations = augmentation._noisy(grey, generator()).std((1, 2, 3))
    assert (deviations == 0).double().mean() == pytest.approx(0.5, abs=0.05)
    assert 0.2 < deviations.max() < 0.32


def test_brightness_is_lost_and_gamma_is_about_one(images: Tensor) -> None:
    white = augmentation._exposed(torch.ones(2000, 1, 2, 2), generator())
    assert 0.7 <= white.min() < 0.72
    assert 0.98 < white.max() <= 1
