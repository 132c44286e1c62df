"""Bounds on the likelihood of test images, by importance sampling."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels import losses
from genmodels.data.images import TEST, Batch
from genmodels.evaluation.reference import Reference, binarised
from genmodels.models.base import Encodes, HasLikelihood, Pixels
from genmodels.system import randomness

SAMPLES = 100  # importance samples of an image
IMAGES = 1000  # test images whose likelihood is bounded
ACTIVE = 0.01  # Burda et al. (2016), section 5.1
EXACT, IWAE, ELBO = "exact", f"iwae_{SAMPLES}", "elbo"  # kinds of bounds


@dataclass(frozen=True)
class Bounds:
    """Upper bounds on the negative log-likelihood of test images.

    Attributes:
        pixels: the kind of pixels that the likelihood is of.
        nats: kind of bound → mean over images, in nats per image. ``exact`` is −log p(x) itself,
            ``elbo`` uses one importance sample, ``iwae_100`` uses ``SAMPLES``.
        active_units: number of latent dimensions whose mean has a variance above ``ACTIVE`` over
            test images; None for a model that infers no latents.
    """

    pixels: Pixels
    nats: dict[str, float]
    active_units: int | None


@torch.no_grad()
def bounds(model: HasLikelihood, device: torch.device, reference: Reference) -> Bounds:
    """Bound −log p(x) of test images, which are binarised for a model of binary pixels."""
    samples = 1 if model.exact else SAMPLES
    tight, single, means = [], [], []
    with randomness.placed(0, "importance samples", device=device):
        for number, batch in enumerate(reference.batches(TEST, min(IMAGES, reference.count))):
            weights = log_weights(model, as_modelled(model, batch, number).to(device), samples)
            tight.append(losses.importance_weighted(weights))
            single.append(-weights.mean(1))
            if isinstance(model, Encodes):
                given = batch.to(device)
                means.append(model.encode(given.images, given.labels).double().cpu())
    bound = torch.cat(tight).mean().item()
    if model.exact:
        return Bounds(model.pixels, {EXACT: bound}, None)
    nats = {IWAE: bound, ELBO: torch.cat(single).mean().item()}
    active = int((torch.cat(means).var(0) > ACTIVE).sum()) if means else None
    return Bounds(model.pixels, nats, active)


def as_modelled(model: HasLikelihood, batch: Batch, number: int) -> Batch:
    """Return the images that the likelihood of a model is of.

    For a model of binary pixels, each pixel is drawn once as 0 or 1, with the grey value as the
    probability of 1. Other models get the images unchanged.

    Args:
        model: of binary or other pixels.
        batch: grey or coloured images.
        number: of this batch; each has noise of its own.
    """
    if model.pixels != "binary":
        return batch
    return Batch(binarised(batch.images, number), batch.labels)


def log_weights(model: HasLikelihood, batch: Batch, count: int) -> Tensor:
    """Draw log importance weights of log p(x) for each image: (B, count), float64, on the CPU.

    A conditional model has log p(x|y). The label is summed out, so that its numbers are of the same
    kind as others': log p(x) = log Σ p(y) p(x|y), with the shares of the training images as p(y).
    """
    shares: dict[int | None, float] = {**dict(enumerate(model.class_shares))} or {None: 1.0}
    drawn: list[Tensor] = []
    for _ in range(count):
        of_labels = [
            model.log_weights(batch.images, _all(label, batch)).double().cpu() + math.log(share)
            for label, share in shares.items()
            if share > 0
        ]
        drawn.append(torch.stack(of_labels).logsumexp(0))
    return torch.stack(drawn, 1)


def _all(label: int | None, batch: Batch) -> Tensor | None:
    """Return the same label for every image of a batch; None without one."""
    if label is None:
        return None
    return torch.full((len(batch.images),), label, device=batch.images.device)
