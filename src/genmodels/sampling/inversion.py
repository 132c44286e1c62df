"""Latents of given images, for any model: by its encoder, or by searching for them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels import losses, sampling
from genmodels.data.images import ReportProgress, silent
from genmodels.models.base import Encodes, Model
from genmodels.system import randomness

STARTS = 8  # latents of the prior that a search begins from, of which the best end counts
STEPS = 300
RATE = 0.1  # of Adam, falling to 0 along a cosine; prior latents are of size 1


@dataclass(frozen=True)
class Inversion:
    """The latents of images.

    Attributes:
        latents: (N, latent_dim), on the CPU.
        error: mean squared error of a pixel between an image and what is decoded, (N,).
    """

    latents: Tensor
    error: Tensor


def find_latents(
    model: Model, images: Tensor, labels: Tensor | None = None, progress: ReportProgress = silent
) -> Inversion:
    """Find latents that a model decodes to given images, as nearly as it can.

    Models without an encoder are searched through: Adam on the squared error from several
    draws of the prior; Zhu et al., Generative Visual Manipulation on the Natural Image
    Manifold (2016), equation 4, without an encoder's guess.

    Args:
        model: ready to be used.
        images: (N, C, H, W) in [0, 1].
        labels: (N,), for models that take them.
        progress: is told how far a search is.
    """
    if isinstance(model, Encodes):
        latents = sampling.encode(model, images, labels)
    else:
        latents = _search(model, images, labels, progress)
    shown = sampling.decode(model, latents, labels)
    return Inversion(latents, losses.squared_error(shown, images) / images[0].numel())


def _search(
    model: Model, images: Tensor, labels: Tensor | None, progress: ReportProgress
) -> Tensor:
    device = next(model.parameters()).device
    count = len(images)
    target = images.to(device).repeat(STARTS, 1, 1, 1)
    known = None if labels is None else labels.to(device).repeat(STARTS)
    generator = randomness.generator(0, "starts of a search")
    latents = model.prior(STARTS * count, generator, known).to(device).requires_grad_()
    optimizer = torch.optim.Adam([latents], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for step in range(STEPS):
        errors = losses.squared_error(model.decode(latents, known), target)
        (latents.grad,) = torch.autograd.grad(errors.sum(), latents)
        optimizer.step()
        schedule.step()
        progress("searching for the pictures' latents", step + 1, STEPS)
    with torch.no_grad():
        errors = losses.squared_error(model.decode(latents, known), target).view(STARTS, count)
    best = errors.argmin(0)
    return latents.detach().view(STARTS, count, -1)[best, torch.arange(count)].cpu()
