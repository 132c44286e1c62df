"""Bounds on the likelihood of test images, by importance sampling."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels import losses
from genmodels.data.images import TEST, Batch
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Encodes, Likelihood, Pixels
from genmodels.system import randomness

SAMPLES = 100  # importance samples of an image
IMAGES = 1000  # test images whose likelihood is bounded
ACTIVE = 0.01  # Burda et al. (2016), section 5.1
EXACT, IWAE, ELBO = "exact", f"iwae_{SAMPLES}", "elbo"  # kinds of numbers


@dataclass(frozen=True)
class Bounds:
    """What the likelihood of a model gives for test images.

    Attributes:
        pixels: of which kind of pixels it is the likelihood.
        nats: mean −log p(x) in nats an image: under ``exact`` itself, or bounded from above
            under ``elbo`` with one importance sample and under ``iwae_100`` with ``SAMPLES``.
        active_units: latent dimensions whose mean varies by more than ``ACTIVE`` over test
            images; None where no latents are inferred.
    """

    pixels: Pixels
    nats: dict[str, float]
    active_units: int | None


@torch.no_grad()
def bounds(model: Likelihood, device: torch.device, reference: Reference) -> Bounds:
    """Bound −log p(x) of test images.

    Models of binary pixels see pixels that were drawn once with the grey value as their
    probability; others see the images as they are.
    """
    samples = 1 if model.exact else SAMPLES
    tight, single, means = [], [], []
    with randomness.placed(0, "importance samples", device=device):
        for batch in reference.batches(TEST, min(IMAGES, reference.count)):
            weights = log_weights(model, as_modelled(model, batch).to(device), samples)
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


def as_modelled(model: Likelihood, batch: Batch) -> Batch:
    """Return the images whose likelihood the model has: for a model of binary pixels, pixels
    drawn once with the grey value as their probability."""
    if model.pixels != "binary":
        return batch
    generator = randomness.generator(0, "binarised pixels")
    drawn = torch.rand(batch.images.shape, generator=generator) < batch.images
    return Batch(drawn.float(), batch.labels)


def log_weights(model: Likelihood, batch: Batch, count: int) -> Tensor:
    """Draw ``count`` log importance weights of each image, (B, count), float64 on the CPU."""
    drawn = (model.log_weights(batch.images, batch.labels) for _ in range(count))
    return torch.stack([weights.double().cpu() for weights in drawn], 1)
