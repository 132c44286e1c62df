"""Inversion: latents of given images, by the model's encoder or by optimisation."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels import losses, sampling
from genmodels.data.images import ReportProgress, silent
from genmodels.models.base import Encodes, Model
from genmodels.system import randomness

STARTS = 8  # initial latents of an image; the best final one is taken
STEPS = 300
RATE = 0.1  # learning rate of Adam, decayed to 0 by a cosine; prior latents have variance 1


@dataclass(frozen=True)
class Inversion:
    """The latents of images.

    Attributes:
        latents: (N, latent_dim), on the CPU.
        error: (N,), mean squared error per pixel of the decoded images.
    """

    latents: Tensor
    error: Tensor


def find_latents(
    model: Model, images: Tensor, labels: Tensor | None = None, progress: ReportProgress = silent
) -> Inversion:
    """Find latents that a model decodes to images as close as possible to the given ones.

    Models with an encoder encode them. For others Adam minimises the squared error, from several
    draws of the prior: Zhu et al., Generative Visual Manipulation on the Natural Image Manifold
    (2016), equation 4, without the initial guess of an encoder.

    Args:
        model: in evaluation mode.
        images: (N, C, H, W) in [0, 1].
        labels: (N,), for models that take labels.
        progress: called with (what, done, total), in steps of the optimisation.
    """
    if isinstance(model, Encodes):
        latents = sampling.encode(model, images, labels)
    else:
        latents = _search(model, images, labels, progress)
    decoded = sampling.decode(model, latents, labels)
    return Inversion(latents, losses.squared_error(decoded, images) / images[0].numel())


def _search(
    model: Model, images: Tensor, labels: Tensor | None, progress: ReportProgress
) -> Tensor:
    device = next(model.parameters()).device
    count = len(images)
    target = images.to(device).repeat(STARTS, 1, 1, 1)
    repeated = None if labels is None else labels.to(device).repeat(STARTS)
    generator = randomness.generator(0, "starts of a search")
    latents = model.prior(STARTS * count, generator, repeated).to(device).requires_grad_()
    optimizer = torch.optim.Adam([latents], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
    for step in range(STEPS):
        errors = losses.squared_error(model.decode(latents, repeated), target)
        (latents.grad,) = torch.autograd.grad(errors.sum(), latents)
        optimizer.step()
        schedule.step()
        progress("optimising the pictures' latents", step + 1, STEPS)
    with torch.no_grad():
        errors = losses.squared_error(model.decode(latents, repeated), target).view(STARTS, count)
    best = errors.argmin(0)
    return latents.detach().view(STARTS, count, -1)[best, torch.arange(count)].cpu()
