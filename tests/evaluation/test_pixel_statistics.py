"""Numbers of images against what can be worked out by hand."""

import pytest
import torch

from genmodels.evaluation.metrics import pixel_statistics


def test_a_flat_image_is_not_sharp() -> None:
    assert pixel_statistics.sharpness(torch.full((2, 1, 8, 8), 0.7)) == pytest.approx(0, abs=1e-10)


def test_a_ramp_has_no_laplacian() -> None:
    ramp = torch.linspace(0, 1, 8).expand(1, 1, 8, 8)
    assert pixel_statistics.sharpness(ramp) == pytest.approx(0, abs=1e-10)


def test_one_dot_in_the_middle() -> None:
    image = torch.zeros(1, 1, 5, 5)
    image[..., 2, 2] = 1
    response = torch.zeros(9)  # the kernel itself, over the inner 3x3
    response[[1, 3, 5, 7]], response[4] = 1, -4
    assert pixel_statistics.sharpness(image) == pytest.approx(response.var().item())
    assert pixel_statistics.isolated_dots(image) == 1


def test_blurring_is_less_sharp() -> None:
    images = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    blurred = torch.nn.functional.avg_pool2d(images, 3, 1, 1)
    assert pixel_statistics.sharpness(blurred) < 0.5 * pixel_statistics.sharpness(images)


def test_dots_are_isolated_and_white() -> None:
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 0, 0] = 1  # a corner counts
    image[0, 0, 4, 4] = image[0, 0, 4, 5] = 1  # two neighbours do not
    image[0, 0, 8, 8] = 0.4  # not bright enough
    image[0, 0, 2, 7], image[0, 0, 2, 8] = 0.9, 0.1  # a dark neighbour is no neighbour
    assert pixel_statistics.isolated_dots(image) == 2
    assert pixel_statistics.isolated_dots(torch.cat([image, torch.zeros_like(image)])) == 1
