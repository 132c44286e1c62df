"""Checks of the tensors that are given to functions of Python."""

from typing import TypeGuard

import numpy as np
import torch
from torch import Tensor

from genmodels.data.given import outside, tensor_of
from genmodels.errors import InputError
from genmodels.models.base import Model

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def images(given: object) -> Tensor:
    """Check images (N, C, H, W) or frames (R, steps, C, H, W): float in [0, 1], or uint8."""
    if not _is_plain(given) or given.dim() not in (4, 5) or not given.numel():
        raise InputError(f"`images`: {_described(given)}; give a tensor (N, C, H, W) in [0, 1]")
    if given.dtype == torch.uint8:
        return given
    if given.dtype not in FLOATS:
        raise InputError(
            f"`images`: {_described(given)}; give floats of 16 bits or more in [0, 1], or uint8"
        )
    if values := outside(given):
        low, high = values
        raise InputError(f"`images`: values from {low:.3g} to {high:.3g}; give values in [0, 1]")
    return given


def to_compare(given: Tensor | np.ndarray) -> Tensor:
    """Check images to compare: a tensor or an array of uint8 or floats; the data decide the rest.

    Raises:
        InputError: it is neither, or has no values.
    """
    if isinstance(given, np.ndarray):
        return tensor_of(given, "`subjects`")
    if not _is_plain(given) or given.dtype not in (*FLOATS, torch.uint8):
        raise InputError(f"`subjects`: {_described(given)}; give uint8, or floats in [0, 1]")
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
        not _is_plain(given)
        or given.shape[1:] != (model.latent_dim,)
        or not len(given)
        or given.dtype not in FLOATS
    ):
        wanted = f"floats (N, {model.latent_dim}) of 16 bits or more"
        raise InputError(f"`latents`: {_described(given)}; give {wanted}")
    found = given.detach().float().cpu()
    if not found.isfinite().all():
        raise InputError("`latents`: not all are finite as float32; give finite floats")
    return found


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
    if not _is_plain(given) or given.shape != (count,) or given.dtype not in INTEGERS:
        raise InputError(f"`labels`: {_described(given)}; {wanted}")
    found = given.detach().cpu()
    if not 0 <= int(found.min()) <= int(found.max()) < model.num_classes:
        raise InputError(f"`labels`: from {int(found.min())} to {int(found.max())}; {wanted}")
    return found.long()


def _is_plain(given: object) -> TypeGuard[Tensor]:
    """Return whether an object is a tensor with values, all of them in one block of memory."""
    return (
        isinstance(given, Tensor)
        and given.layout == torch.strided
        and not (given.is_meta or given.is_nested or given.is_quantized)
    )


def _described(given: object) -> str:
    if isinstance(given, Tensor) and not _is_plain(given):
        return "a tensor that is sparse, nested, quantized or without values"
    if isinstance(given, Tensor):
        return f"a tensor {tuple(given.shape)} of {str(given.dtype).removeprefix('torch.')}"
    kind = type(given).__name__
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
