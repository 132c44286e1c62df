"""Checks of the arguments of the functions, for Python and for the command line."""

import warnings
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import torch
from torch import Tensor

from genmodels import config
from genmodels.api import overrides as table
from genmodels.api.overrides import Overrides
from genmodels.config.settings import LIMITS, Shift
from genmodels.errors import InputError, Note, nearest
from genmodels.models.base import Model
from genmodels.sampling import Weights
from genmodels.sampling.interpolation import Mode
from genmodels.system import device as devices

if TYPE_CHECKING:
    from genmodels.comparison.plan import Match

Settings = Mapping[str, object] | Sequence[Mapping[str, object]]
FORMER_WEIGHTS = {"average": "ema"}  # former choice of weights → choice
OUTSIDE = 1e-3  # tolerance of values outside [0, 1], for rounding


def integer(name: str, given: object, least: int = 0) -> int:
    """Check an integer ≥ ``least``; a bool, a float or a string is an error."""
    if isinstance(given, bool) or not isinstance(given, Integral) or given < least:
        raise InputError(f"`{name}={given!r}`: give an integer, {least} or more")
    return int(given)


def flag(name: str, given: object) -> bool:
    """Check a bool; a text such as "no" is refused."""
    if not isinstance(given, bool):
        raise InputError(f"`{name}={given!r}`: give True or False")
    return given


def weights(given: object) -> Weights | None:
    """Check the choice of weights; a former name works with a note."""
    if isinstance(given, str) and given in FORMER_WEIGHTS:
        new = FORMER_WEIGHTS[given]
        warnings.warn(
            Note(f"`weights={given}` is called `weights={new}` now; write that instead"),
            stacklevel=4,
        )
        given = new
    return cast(Weights | None, _one_of("weights", given, Weights))


def match(given: object) -> "Match | None":
    """Check what all trainings have in common with the first: images or seconds."""
    from genmodels.comparison.plan import Match  # here, because it loads the evaluation

    return cast(Match | None, _one_of("match", given, Match))


def mode(given: object) -> Mode:
    """Check the mode of an interpolation."""
    if given is None:
        raise InputError(f"`mode=None`: use {' or '.join(get_args(Mode))}")
    return cast(Mode, _one_of("mode", given, Mode))


def features(given: object) -> str:
    """Check that features are given by name or file; the data decide whether they exist."""
    if not isinstance(given, str) or not given:
        raise InputError(f"`features={given!r}`: give a name such as auto, or a file")
    return given


def device(given: object) -> devices.Device:
    """Return the device of a name.

    Raises:
        InputError: it is not the name of a device, or this machine has no such device.
    """
    return devices.choose(_device_name(given))


def path(name: str, given: object) -> Path:
    """Check a path: a text or a ``Path``."""
    if not isinstance(given, str | Path):
        raise InputError(f"`{name}={given!r}`: give a path")
    return Path(given)


def changes(given: object) -> Mapping[str, object]:
    """Check changes of a model's settings; which can be changed depends on the model."""
    if given is None:
        return {}
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise InputError(f"`changes` {given!r}: give a dictionary such as {{'steps': 50}}")
    return given


def shifts(given: object) -> list[Shift]:
    """Check shifts of latents, each a :class:`Shift` or its text; None means none."""
    if given is None:
        return []
    if not isinstance(given, list | tuple) or not all(isinstance(x, str | Shift) for x in given):
        raise InputError(f"`shifts` {given!r}: give a list such as ['0:8:2,-1,0.1']")
    return [config.shift(each) if isinstance(each, str) else each for each in given]


def label(given: object) -> int | str | None:
    """Check that a class is given by number or name; the model decides whether it exists."""
    if given is None or isinstance(given, str):
        return given
    return integer("label", given)


def layers(settings: Settings, overrides: Overrides) -> list[Mapping[str, Any]]:
    """Return the layers over a configuration: nested settings, then the overrides.

    Raises:
        InputError: the settings are not dictionaries, or there are several limits.
        TypeError: there is no such override.
    """
    given: object = [settings] if isinstance(settings, Mapping) else settings
    if not isinstance(given, list | tuple) or not all(isinstance(x, Mapping) for x in given):
        raise InputError(
            f"`settings` {settings!r}: give nested dictionaries: {{'train': {{'epochs': 2}}}}"
        )
    if (seed := overrides.get("seed")) is not None:
        integer("seed", seed)
    if (name := overrides.get("device")) is not None:
        _device_name(name)
    layer = table.layer(overrides)
    if len(layer.get("train", {}).keys() & set(LIMITS)) > 1:
        raise InputError("give one of `epochs`, `steps` and `budget`, not several")
    return [*given, layer]


def images(given: object) -> Tensor:
    """Check images (N, C, H, W) or frames (R, steps, C, H, W): float in [0, 1], or uint8."""
    if not isinstance(given, Tensor) or given.dim() not in (4, 5) or not given.numel():
        raise InputError(f"`images`: {_described(given)}; give a tensor (N, C, H, W) in [0, 1]")
    if given.dtype == torch.uint8:
        return given
    if not given.is_floating_point():
        raise InputError(f"`images`: {_described(given)}; give floats in [0, 1], or uint8")
    low, high = (end.item() for end in given.detach().aminmax())
    if not (low >= -OUTSIDE and high <= 1 + OUTSIDE):  # negated, so that NaN is an error too
        raise InputError(f"`images`: values from {low:.3g} to {high:.3g}; give values in [0, 1]")
    return given


def images_of(model: Model, given: object) -> Tensor:
    """Check images to encode, and return them as (N, C, H, W), float32, on the CPU."""
    found = images(given)
    if found.shape[1:] != model.image_shape:
        shape = ", ".join(map(str, model.image_shape))
        raise InputError(f"`images`: {_described(given)}; this run has images (N, {shape})")
    found = found.detach().cpu()
    return found.float() / 255 if found.dtype == torch.uint8 else found.float()


def latents_of(model: Model, given: object) -> Tensor:
    """Check latents to decode, and return them as (N, latent_dim), float32, on the CPU."""
    if (
        not isinstance(given, Tensor)
        or given.shape[1:] != (model.latent_dim,)
        or not len(given)
        or not given.is_floating_point()
    ):
        raise InputError(f"`latents`: {_described(given)}; give floats (N, {model.latent_dim})")
    return given.detach().float().cpu()


def labels_of(model: Model, given: object, count: int) -> Tensor | None:
    """Check the labels of ``count`` images, and return them as (count,), int64, on the CPU.

    Returns:
        The labels, or None for a model that takes none.
    """
    kind = type(model).__name__
    if model.num_classes == 0:
        if given is not None:
            raise InputError(f"`labels`: this {kind} takes no labels; leave them out")
        return None
    wanted = f"give {count} integers from 0 to {model.num_classes - 1}"
    if given is None:
        raise InputError(f"`labels`: this {kind} needs labels; {wanted}")
    if not isinstance(given, Tensor) or given.shape != (count,):
        raise InputError(f"`labels`: {_described(given)}; {wanted}")
    found = given.detach().cpu()
    if found.is_floating_point() or found.is_complex() or found.dtype == torch.bool:
        raise InputError(f"`labels`: {_described(given)}; {wanted}")
    if not 0 <= int(found.min()) <= int(found.max()) < model.num_classes:
        raise InputError(f"`labels`: from {int(found.min())} to {int(found.max())}; {wanted}")
    return found.long()


def _device_name(given: object) -> str:
    """Check that a device's name is a text; :func:`device` checks that the device exists."""
    if not isinstance(given, str):
        raise InputError(f"`device={given!r}`: use auto, cpu, cuda, cuda:1 or mps")
    return given


def _one_of(name: str, given: object, accepted: object) -> object:
    """Check that a value is one of a ``Literal``, or None for the default."""
    names = list(get_args(accepted))
    if given is not None and given not in names:
        raise InputError(
            f"unknown `{name}` {given!r}{nearest(str(given), names)}; use {' or '.join(names)}"
        )
    return given


def _described(given: object) -> str:
    if isinstance(given, Tensor):
        return f"a tensor {tuple(given.shape)} of {str(given.dtype).removeprefix('torch.')}"
    kind = type(given).__name__
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
