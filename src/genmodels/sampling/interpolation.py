"""Interpolation of latents: linear, spherical, or the perturbation of the original report."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from genmodels import sampling
from genmodels.config.settings import Settings, Shift
from genmodels.errors import InputError
from genmodels.models.base import Model

Mode = Literal["slerp", "lerp", "perturb"]
PERTURB_FRAMES = 21  # of a perturbation, as in the original report


def interpolate(
    mode: Mode,
    start: Tensor,
    end: Tensor,
    shifts: Sequence[Shift],
    steps: int,
    setting: str = "`shifts`",
) -> Tensor:
    """Interpolate in a mode: latents (R, latent_dim) twice → (R, steps, latent_dim).

    ``perturb`` uses the shifts and ignores the end; the others use the end and ignore the shifts.
    """
    if mode == "perturb":
        return perturb(start, shifts, steps, setting)
    return {"slerp": slerp, "lerp": lerp}[mode](start, end, steps)


def lerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Interpolate along straight lines: (R, latent_dim) twice → (R, steps, latent_dim)."""
    share = torch.linspace(0, 1, steps).view(1, -1, 1)
    return start.unsqueeze(1) * (1 - share) + end.unsqueeze(1) * share


def slerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Interpolate along great circles: (R, latent_dim) twice → (R, steps, latent_dim).

    White, Sampling Generative Networks (2016): latents of N(0, I) lie near a sphere, which a
    straight line leaves. Parallel latents are interpolated linearly.
    """
    share = torch.linspace(0, 1, steps).view(1, -1, 1)
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=1).clamp(-1, 1)
    angle = cosine.acos().view(-1, 1, 1)
    sine = angle.sin()
    first = ((1 - share) * angle).sin() / sine
    second = (share * angle).sin() / sine
    circle = first * start.unsqueeze(1) + second * end.unsqueeze(1)
    return torch.where(sine.abs() < 1e-4, lerp(start, end, steps), circle)


def perturb(
    start: Tensor, shifts: Sequence[Shift], steps: int, setting: str = "`shifts`"
) -> Tensor:
    """Perturb latents as the original report does: (R, latent_dim) → (R, steps, latent_dim).

    Each shift adds ``start + frame · step`` to a slice of the dimensions, with frames counted
    from 0. Overlapping shifts add up.

    Raises:
        InputError: no shift selects a latent dimension of this model, or the latents become
            infinite. The message names the setting that has the shifts.
    """
    moved = start.unsqueeze(1).repeat(1, steps, 1)
    frames = torch.arange(steps).view(1, -1, 1)
    if not any(start[:, shift.slice].numel() for shift in shifts):
        raise InputError(
            f"{setting} {', '.join(shift.dims for shift in shifts) or '[]'} selects none of the "
            f"{start.shape[1]} latent dimensions of this model; give others, such as "
            f"0:{start.shape[1]}"
        )
    for shift in shifts:
        moved[..., shift.slice] += shift.start + frames * shift.step
    if not moved.isfinite().all():
        raise InputError(f"{setting}: latents become infinite in {steps} frames; shift by less")
    return moved


def check_perturb(settings: Settings, model: Model) -> None:
    """Check that a comparison can show the perturbation of a configuration.

    Raises:
        InputError: as of :func:`perturb`.
    """
    perturb(torch.zeros(1, model.latent_dim), settings.perturb, PERTURB_FRAMES, "perturb")


def decode(model: Model, latents: Tensor, labels: Tensor | None = None) -> Tensor:
    """Decode interpolated latents: (R, steps, latent_dim), labels (R,) → (R, steps, C, H, W)."""
    rows, steps = latents.shape[:2]
    repeated = None if labels is None else labels.repeat_interleave(steps)
    return sampling.decode(model, latents.flatten(0, 1), repeated).unflatten(0, (rows, steps))
