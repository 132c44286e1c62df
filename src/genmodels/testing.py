"""Checks of a model's interface, for the tests of this package and of your own models."""

import copy
import inspect
from collections.abc import Sequence
from typing import Any

import torch

from genmodels.config import GIVEN, MODELS, components
from genmodels.data.images import Batch
from genmodels.errors import InputError, brief
from genmodels.models.base import Discriminates, Encodes, Fitted, HasLikelihood, Model, phases_of
from genmodels.system import device as devices
from genmodels.system import randomness

COUNT = 6  # images in a batch
FITTED = 500  # training images for a model with a fitted part
SHARES = (0.5, 0.3, 0.2)  # of the classes of a conditional model


def check_model(
    spec: dict[str, Any] | type[Model],
    image_shape: tuple[int, int, int] = (1, 28, 28),
    device: str = "cpu",
    bf16: bool = False,
) -> Model:
    """Check that a model has the properties that trainer, sampling and comparison need.

    Args:
        spec: ``class`` and settings, as under ``model:`` of a configuration, or a class of
            your own, which is then built with its default settings.
        image_shape: (C, H, W) of random images.
        device: where to compute.
        bf16: whether objectives are computed under bfloat16 autocast.

    Returns:
        The model.

    Raises:
        AssertionError: a check fails; the message names it.
        InputError: an argument is not valid, the model does not accept the settings, or its
            phases cannot be trained.
    """
    _check_spec(spec)
    _check_shape(image_shape)
    where = _chosen(device, bf16)
    model, batch = make(spec, image_shape).to(where), _batch(image_shape).to(where)
    with torch.autocast(where.type, torch.bfloat16, enabled=bf16):
        _check_phases(model, batch)
        _check_validation_metrics(model.eval(), batch)
    _check_fit(model, image_shape, where)
    _check_images(model, batch)
    _check_copy(model, make(spec, image_shape).to(where), batch)
    _check_abilities(model, batch)
    return model


def make(spec: dict[str, Any] | type[Model], image_shape: Sequence[int]) -> Model:
    """Build a model for images of a shape, with the same initial weights each time."""
    given: dict[str, Any] = {"image_shape": tuple(image_shape), "class_shares": SHARES}
    with randomness.placed(0, "init"):
        if isinstance(spec, dict):
            model: Model = components.build(spec, MODELS, **given)
        else:
            model = components.made(spec, **given)
    return model


def _check_spec(spec: object) -> None:
    """Check that something describes a model that can be built.

    Raises:
        InputError: it does not.
    """
    if isinstance(spec, dict):
        if problems := components.problems(spec, MODELS, "model", GIVEN):
            raise InputError("; ".join(problems))
        return
    if not isinstance(spec, type) or not issubclass(spec, Model):
        raise InputError(
            f"`spec={brief(spec)}`: give a dictionary with 'class', or a class derived from Model"
        )
    if inspect.isabstract(spec):
        missing = ", ".join(sorted(getattr(spec, "__abstractmethods__", ())))
        raise InputError(f"{spec.__name__} does not define {missing}")
    parameters = inspect.signature(spec).parameters.values()
    required = [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        and p.name not in GIVEN
    ]
    if required:
        raise InputError(f"{spec.__name__} has no default of {', '.join(required)}; give them one")


def _check_shape(image_shape: object) -> None:
    """Check the shape of an image, (C, H, W).

    Raises:
        InputError: it is not one.
    """
    sizes = image_shape if isinstance(image_shape, tuple | list) else ()
    if len(sizes) != 3 or not all(type(size) is int and size > 0 for size in sizes):
        raise InputError(
            f"`image_shape={brief(image_shape)}`: give three integers (C, H, W), each 1 or more"
        )


def _chosen(device: object, bf16: object) -> torch.device:
    """Return the device of a name.

    Raises:
        InputError: there is no such device, or ``bf16`` is not a bool.
    """
    if not isinstance(device, str):
        raise InputError(f"`device={brief(device)}`: use auto, cpu, cuda, cuda:1 or mps")
    if not isinstance(bf16, bool):
        raise InputError(f"`bf16={brief(bf16)}`: give True or False")
    return devices.choose(device).device


def _batch(image_shape: Sequence[int], count: int = COUNT) -> Batch:
    generator = randomness.generator(0, "images")
    images = torch.randint(256, (count, *image_shape), generator=generator) / 255
    return Batch(images, torch.arange(count) % len(SHARES))


def _check_phases(model: Model, batch: Batch) -> None:
    trained: set[int] = set()
    reached: set[int] = set()
    for phase in phases_of(model):
        terms = phase.objective(batch)
        assert "loss" in terms, f"phase {phase.name}: no term is called loss"
        for name, value in terms.items():
            assert value.dim() == 0, f"{phase.name}.{name} has shape {tuple(value.shape)}"
            assert value.isfinite(), f"{phase.name}.{name} is {value.item()}"
        parameters = dict(phase.module.named_parameters())
        gradients = torch.autograd.grad(terms["loss"], list(parameters.values()), allow_unused=True)
        missing = [name for name, g in zip(parameters, gradients, strict=True) if g is None]
        # A phase that runs less often, such as a penalty, may reach only some parameters.
        if phase.every == 1 or len(missing) == len(parameters):
            assert not missing, f"phase {phase.name} does not reach {', '.join(missing)}"
        for name, gradient in zip(parameters, gradients, strict=True):
            finite = gradient is None or bool(gradient.isfinite().all())
            assert finite, f"phase {phase.name}: the gradient of {name} is not finite"
        if phase.constrain:
            phase.constrain()
        trained |= {id(parameter) for parameter in parameters.values()}
        reached |= {id(p) for name, p in parameters.items() if name not in missing}
    untrained = [name for name, p in model.named_parameters() if id(p) not in trained]
    assert not untrained, f"no phase trains {', '.join(untrained)}"
    unreached = [name for name, p in model.named_parameters() if id(p) not in reached]
    assert not unreached, f"no phase reaches {', '.join(unreached)}"


@torch.no_grad()
def _check_validation_metrics(model: Model, batch: Batch) -> None:
    for name, value in model.validation_metrics(batch).items():
        assert value.isfinite(), f"validation_metrics: {name} is {value.item()}"


def _check_fit(model: Model, image_shape: Sequence[int], device: torch.device) -> None:
    if isinstance(model, Fitted):
        model.fit([_batch(image_shape, FITTED).to(device)])
        assert model.fitted, "fit() leaves it unfitted"


@torch.no_grad()
def _check_images(model: Model, batch: Batch) -> None:
    latents = model.prior(COUNT, randomness.generator(0, "latents"), batch.labels)
    again = model.prior(COUNT, randomness.generator(0, "latents"), batch.labels)
    assert latents.shape == (COUNT, model.latent_dim), f"prior gives {tuple(latents.shape)}"
    assert torch.equal(latents, again), "prior does not draw from its generator alone"
    images = model.decode(latents.to(batch.images.device), batch.labels)
    assert images.shape == batch.images.shape, f"decode gives {tuple(images.shape)}"
    assert images.min() >= 0, f"decode gives {images.min().item()}, below 0"
    assert images.max() <= 1, f"decode gives {images.max().item()}, above 1"
    assert images.std() > 0, "decode gives constant images"
    drawn = model.draw_labels(COUNT, randomness.generator(0, "labels"))
    assert (drawn is None) == (model.num_classes == 0), "draw_labels does not fit num_classes"


@torch.no_grad()
def _check_copy(model: Model, other: Model, batch: Batch) -> None:
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    latents = model.prior(COUNT, randomness.generator(1, "latents"), batch.labels)
    latents = latents.to(batch.images.device)
    one, two = (m.eval().decode(latents, batch.labels) for m in (model, other))
    assert torch.equal(one, two), "a copy with the same state_dict gives other images"


@torch.no_grad()
def _check_abilities(model: Model, batch: Batch) -> None:
    """Check the methods that only some models have."""
    size = (COUNT, model.latent_dim)
    if isinstance(model, Encodes):
        found = model.encode(batch.images, batch.labels)
        assert found.shape == size, f"encode gives {tuple(found.shape)}"
        assert torch.equal(found, model.encode(batch.images, batch.labels)), "encode has noise"
    if isinstance(model, HasLikelihood):
        drawn = model.infer(batch.images, batch.labels)
        assert drawn.shape == size, f"infer gives {tuple(drawn.shape)}"
        weights = model.log_weights(batch.images.round(), batch.labels)
        assert weights.shape == (COUNT,), f"log_weights gives {tuple(weights.shape)}"
        assert weights.isfinite().all(), "log_weights are not finite"
    if isinstance(model, Discriminates):
        logits = model.realness(batch.images, batch.labels)
        assert logits.shape == (COUNT,), f"realness gives {tuple(logits.shape)}"
        phases = {phase.name for phase in model.phases()}
        unknown = {term for term in model.equilibrium() if term.partition(".")[0] not in phases}
        assert not unknown, f"equilibrium names {', '.join(unknown)}, which no phase has"
