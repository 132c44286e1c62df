"""Encoded and decoded test images."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.data.images import TEST
from genmodels.evaluation.metrics import distances
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Encodes, HasLikelihood
from genmodels.system import randomness

AT_MOST = 5000  # most images that are encoded


@dataclass(frozen=True)
class Encoded:
    """The latents and reconstruction errors of test images.

    Attributes:
        errors: (N,), squared error of each reconstruction, summed over pixels.
        latents: (N, latent_dim), drawn from q(z|x) if the model has it, else the codes.
    """

    errors: Tensor
    latents: Tensor


def planned(model: nn.Module, reference: Reference) -> int:
    """Return how many images :func:`encode` encodes and decodes; 0 without an encoder."""
    return 2 * min(AT_MOST, reference.count) if isinstance(model, Encodes) else 0


@torch.no_grad()
def encode(
    model: Encodes, device: torch.device, reference: Reference, advance: Callable[[int], None]
) -> Encoded:
    """Encode test images, and decode their codes.

    Args:
        model: with an encoder.
        device: of the model.
        reference: the real images.
        advance: called with the number of images that were encoded and decoded.
    """
    errors, latents = [], []
    with randomness.placed(0, "latents of test images", device=device):
        for batch in reference.batches(TEST, min(AT_MOST, reference.count)):
            images, labels = batch.to(device).images, batch.to(device).labels
            codes = model.encode(images, labels)
            reconstructions = model.decode(codes, labels)
            errors.append(losses.squared_error(reconstructions, images).double().cpu())
            drawn = model.infer(images, labels) if isinstance(model, HasLikelihood) else codes
            latents.append(drawn.double().cpu())
            advance(2 * len(codes))
    return Encoded(torch.cat(errors), torch.cat(latents))


def to_prior(latents: Tensor) -> float:
    """Return the Fréchet distance of latents (N, D) from N(0, I)."""
    found = distances.gaussian(latents)
    size = len(found.mean)
    prior = distances.Gaussian(torch.zeros(size).double(), torch.eye(size).double())
    return distances.frechet(found, prior)
