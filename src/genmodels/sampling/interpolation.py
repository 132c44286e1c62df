"""Ways through the latents: straight, along great circles, or as the report perturbs them."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from genmodels import sampling
from genmodels.config.settings import Shift
from genmodels.errors import InputError
from genmodels.models.base import Model

Mode = Literal["slerp", "lerp", "perturb"]


def walk(mode: Mode, start: Tensor, end: Tensor, shifts: Sequence[Shift], steps: int) -> Tensor:
    """Latents (R, D) twice → (R, steps, D); a perturbation needs no end, the others no shifts."""
    if mode == "perturb":
        return perturb(start, shifts, steps)
    return {"slerp": slerp, "lerp": lerp}[mode](start, end, steps)


def lerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Straight lines: latents (R, D) twice → (R, steps, D)."""
    share = torch.linspace(0, 1, steps).view(1, -1, 1)
    return start.unsqueeze(1) * (1 - share) + end.unsqueeze(1) * share


def slerp(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Great circles (White, Sampling Generative Networks, 2016): (R, D) twice → (R, steps, D).

    Normal latents lie near a sphere, which a straight line would leave. Where the ends
    are parallel the circle is the line.
    """
    share = torch.linspace(0, 1, steps).view(1, -1, 1)
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=1).clamp(-1, 1)
    angle = cosine.acos().view(-1, 1, 1)
    sine = angle.sin()
    first = ((1 - share) * angle).sin() / sine
    second = (share * angle).sin() / sine
    circle = first * start.unsqueeze(1) + second * end.unsqueeze(1)
    return torch.where(sine.abs() < 1e-4, lerp(start, end, steps), circle)


def perturb(start: Tensor, shifts: Sequence[Shift], steps: int) -> Tensor:
    """The report's perturbation test: (R, D) → (R, steps, D).

    Each shift moves a slice of dimensions, from its start and by its step for each frame;
    shifts that overlap add up.

    Raises:
        InputError: no slice selects any dimension of this model.
    """
    moved = start.unsqueeze(1).repeat(1, steps, 1)
    frames = torch.arange(steps).view(1, -1, 1)
    if not any(start[:, shift.slice].numel() for shift in shifts):
        raise InputError(
            f"{', '.join(shift.dims for shift in shifts)} selects none of {start.shape[1]} latent "
            "dimensions; choose others with `shift`"
        )
    for shift in shifts:
        moved[..., shift.slice] += shift.start + frames * shift.step
    return moved


def decode(model: Model, walks: Tensor, labels: Tensor | None = None) -> Tensor:
    """Latents (R, S, latent_dim) and a label for each walk → images (R, S, C, H, W)."""
    known = None if labels is None else labels.repeat_interleave(walks.shape[1])
    return sampling.decode(model, walks.flatten(0, 1), known).unflatten(0, walks.shape[:2])
