"""Augmentations against what they say they do."""

from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels import config
from genmodels.data.augment import Augmentation
from genmodels.data.images import Batch
from genmodels.errors import InputError
from genmodels.system import randomness

COUNT = 200


def changed(images: Tensor, **settings: Any) -> Any:
    generator = randomness.generator(0, "augment", 3)
    return Augmentation(**settings)(Batch(images), generator).images


@pytest.fixture
def images() -> Tensor:
    return torch.rand(COUNT, 3, 9, 7, generator=randomness.generator(0, "images"))


def test_half_of_the_images_are_mirrored(images: Tensor) -> None:
    found = changed(images, flip=True)
    same = (found == images).flatten(1).all(1)
    mirrored = (found == images.flip(3)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 0.35 * COUNT < mirrored.sum() < 0.65 * COUNT


def test_shifts_move_whole_images_and_let_black_in(images: Tensor) -> None:
    found = changed(images, shift=2)
    seen = set()
    for before, after in zip(images, found, strict=True):
        for down in range(-2, 3):
            for right in range(-2, 3):
                moved = torch.zeros_like(before)
                rows = slice(max(down, 0), 9 + min(down, 0))
                columns = slice(max(right, 0), 7 + min(right, 0))
                source = before.roll((down, right), (1, 2))
                moved[:, rows, columns] = source[:, rows, columns]
                if torch.equal(moved, after):
                    seen.add((down, right))
                    break
            else:
                continue
            break
        else:
            raise AssertionError("an image was not only moved")
    assert len(seen) == 25


def test_crops_stay_in_range_and_enlarge(images: Tensor) -> None:
    ramp = torch.linspace(0, 1, 32).expand(COUNT, 1, 32, 32).contiguous()
    found = changed(ramp, crop=0.5)
    width = (found[..., -1] - found[..., 0]).mean((1, 2))
    assert width.min() >= 0.45
    assert width.max() <= 1.0
    assert width.std() > 0.05
    assert found.min() >= 0
    assert found.max() <= 1
    assert changed(images, crop=0.3).shape == images.shape


def test_the_same_place_gives_the_same_images(images: Tensor) -> None:
    options = {"flip": True, "shift": 1, "crop": 0.2}
    assert torch.equal(changed(images, **options), changed(images, **options))
    assert not Augmentation()
    assert all(Augmentation(**dict[str, Any]({name: value})) for name, value in options.items())


def test_settings_are_checked() -> None:
    with pytest.raises(InputError, match=r"data\.augment\.crop"):
        config.read("vae.yaml", [{"data": {"augment": {"crop": 1.0}}}])
    settings = config.read("vae.yaml", [{"data": {"augment": {"flip": True}}}])
    assert settings.data.augment.flip
