"""One contract, for every model on every kind of image."""

import copy

import pytest
import torch

from genmodels import randomness
from genmodels.config import MODELS
from genmodels.data.images import Batch
from genmodels.models.base import Encodes, Model
from genmodels.networks import MLP, Conv, Network

SHAPES = [(1, 28, 28), (3, 32, 32), (3, 33, 47)]
NETWORKS = [
    *(MLP((24, 16), normalization=kind) for kind in ("none", "batch")),
    *(Conv((8, 12), normalization=kind) for kind in ("none", "batch")),
]
KINDS = MODELS.classes()
COUNT = 6

pytestmark = pytest.mark.parametrize(
    ("kind", "network", "shape"),
    [(kind, network, shape) for kind in KINDS.values() for network in NETWORKS for shape in SHAPES],
    ids=lambda value: getattr(value, "__name__", str(value)),
)


def make(kind: type[Model], network: Network, shape: tuple[int, int, int]) -> Model:
    with randomness.placed(0, "init"):
        return kind(shape, latent_dim=5, network=network)


def batch(shape: tuple[int, int, int]) -> Batch:
    return Batch(torch.rand(COUNT, *shape, generator=randomness.generator(0, "images")))


def test_objectives_are_finite_and_reach_their_module_alone(kind, network, shape):
    model, images = make(kind, network, shape), batch(shape)
    for phase in model.phases():
        terms = phase.objective(images)
        assert all(value.isfinite() and value.dim() == 0 for value in terms.values())
        parameters = dict(phase.module.named_parameters())
        gradients = torch.autograd.grad(terms["loss"], parameters.values(), allow_unused=True)
        missing = [n for n, g in zip(parameters, gradients, strict=True) if g is None]
        assert not missing, f"phase {phase.name} does not reach {missing}"


def test_every_parameter_is_trained_by_some_phase(kind, network, shape):
    model = make(kind, network, shape)
    trained = {id(p) for phase in model.phases() for p in phase.module.parameters()}
    assert trained == {id(p) for p in model.parameters()}


def test_images_have_their_shape_and_range(kind, network, shape):
    model = make(kind, network, shape).eval()
    latents = model.prior(COUNT, randomness.generator(0, "latents"))
    images = model.decode(latents)
    assert latents.shape == (COUNT, 5)
    assert images.shape == (COUNT, *shape)
    assert images.min() >= 0
    assert images.max() <= 1
    assert images.std() > 0
    if isinstance(model, Encodes):
        assert model.encode(images).shape == (COUNT, 5)


def test_a_copy_through_its_state_gives_the_same_images(kind, network, shape):
    model = make(kind, network, shape)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.01)
    other = make(kind, network, shape)
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    latents = model.prior(COUNT, randomness.generator(1, "latents"))
    assert torch.equal(model.eval().decode(latents), other.eval().decode(latents))


def test_held_out_terms_are_finite(kind, network, shape):
    terms = make(kind, network, shape).eval().held_out(batch(shape))
    assert terms
    assert all(value.isfinite() for value in terms.values())
