"""The adversarial game, against formulas of its own."""

import pytest
import torch
from torch.nn import functional as F

from genmodels import randomness
from genmodels.data.images import Batch
from genmodels.models import GAN
from genmodels.networks import MLP

SHAPE = (1, 9, 9)


@pytest.fixture
def images():
    return torch.rand(8, *SHAPE, generator=randomness.generator(0, "images"))


@pytest.mark.parametrize("one_pass", [True, False])
def test_discriminator_learns_from_real_and_generated_images(images, one_pass):
    with randomness.placed(0, "init"):
        model = GAN(SHAPE, 5, MLP((16,), "leaky_relu"))
    assert model.one_pass
    model.one_pass = one_pass
    objective = model.phases()[0].objective
    torch.manual_seed(1)
    terms = objective(Batch(images))
    torch.manual_seed(1)
    generated = model.decode(torch.randn(8, 5)).detach()
    judge = model.discriminator
    expected = -F.logsigmoid(judge(images * 2 - 1)).mean()
    expected = expected - torch.log1p(-judge(generated * 2 - 1).sigmoid()).mean()
    torch.testing.assert_close(terms["loss"], expected)
    parameters = list(judge.parameters())
    for found, wanted in zip(
        torch.autograd.grad(terms["loss"], parameters),
        torch.autograd.grad(expected, parameters),
        strict=True,
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-6)


def test_batch_statistics_are_of_real_or_generated_images_alone(images):
    model = GAN(SHAPE, 5, MLP((16, 8), "leaky_relu", "batch"))
    assert not model.one_pass
    real = model.phases()[0].objective(Batch(images))["real"]
    expected = F.softplus(-model.discriminator(images * 2 - 1)).mean()
    torch.testing.assert_close(real, expected)
