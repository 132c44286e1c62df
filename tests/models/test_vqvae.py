"""The vector-quantised autoencoder, by hand."""

from typing import Any

import pytest
import torch

from genmodels.data.images import Batch
from genmodels.models import VQVAE
from genmodels.networks import MLP, Transformer
from genmodels.system import randomness

IMAGES = torch.rand(6, 1, 5, 4, generator=randomness.generator(0, "images"))


@pytest.fixture
def model() -> VQVAE:
    with randomness.placed(0, "init"):
        return VQVAE((1, 5, 4), 3, 2, 8, MLP((16,)), Transformer(16, 1, 2))


def test_each_vector_becomes_the_nearest_code(model: Any) -> None:
    codes = model._codes()
    vectors = model._vectors(IMAGES)
    found = model.encode(IMAGES).unflatten(1, (3, 2))
    for row, token in torch.cartesian_prod(torch.arange(6), torch.arange(3)).tolist():
        distances = (codes - vectors[row, token]).square().sum(1)
        assert torch.equal(found[row, token], codes[distances.argmin()])


def test_gradients_pass_as_if_nothing_had_been_replaced(model: Any) -> None:
    terms = model._reconstruction(Batch(IMAGES))
    encoder = list(model.coder["encoder"].parameters())
    (found,) = torch.autograd.grad(terms["squared_error"], encoder[-1:], retain_graph=True)
    vectors = model._vectors(IMAGES)
    words = model.encode(IMAGES).detach().requires_grad_()
    images = model.decode(words)
    error = (images - IMAGES).square().flatten(1).sum(1).mean()
    (slope,) = torch.autograd.grad(error, words)
    (expected,) = torch.autograd.grad(vectors.flatten(1), encoder[-1:], slope)
    torch.testing.assert_close(found, expected)


def test_the_loss_is_equation_three(model: Any) -> None:
    terms = model._reconstruction(Batch(IMAGES))
    vectors = model._vectors(IMAGES).flatten(1)
    apart = (vectors - model.encode(IMAGES)).square().sum(1).mean()
    torch.testing.assert_close(terms["codebook"], apart)
    error = (model.decode(model.encode(IMAGES)) - IMAGES).square().flatten(1).sum(1).mean()
    torch.testing.assert_close(terms["loss"], error + 1.25 * apart)
    codes = model._codes()
    (slope,) = torch.autograd.grad(terms["commitment"], codes, allow_unused=True,
                                   retain_graph=True)  # fmt: skip
    assert slope is None
    (slope,) = torch.autograd.grad(terms["codebook"], codes)
    assert slope.abs().sum() > 0


@torch.no_grad()
def test_codes_are_drawn_as_often_as_their_order_says(model: Any) -> None:
    model.eval()
    drawn = model.prior(20_000, randomness.generator(0, "prior")).unflatten(1, (3, 2))
    rows = model._nearest(drawn)
    first = torch.bincount(rows[:, 0], minlength=8) / 20_000
    expected = model.order(torch.zeros(1, 3, 2))[0, 0].softmax(0)
    assert (first - expected).abs().max() < 0.015
    given = rows[:, 0] == rows[0, 0]
    second = torch.bincount(rows[given, 1], minlength=8) / given.sum()
    words = model._embed(rows[:1])
    expected = model.order(words)[0, 1].softmax(0)
    assert (second - expected).abs().max() < 0.05


@torch.no_grad()
def test_one_place_after_the_other_gives_the_whole() -> None:
    with randomness.placed(0, "init"):
        network = Transformer(16, 2, 4).causal(5, 3, 7, 2).eval()
    vectors = torch.randn(4, 5, 3, generator=randomness.generator(0, "v"))
    labels = torch.tensor([0, 1, 1, 0])
    from genmodels.networks import KeysAndValues

    seen, before, found = KeysAndValues(), vectors[:, 0], []
    for place in range(5):
        found.append(network.next(before, seen, labels))
        before = vectors[:, place]
    torch.testing.assert_close(
        torch.stack(found, 1), network(vectors, labels), atol=1e-5, rtol=1e-4
    )
