"""Encoded and decoded test images."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels import losses, sampling
from genmodels.data.images import TEST
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Encodes, HasLikelihood, Model
from genmodels.system import randomness

AT_MOST = 5000  # most images that are encoded


@dataclass(frozen=True)
class Encoded:
    """The latents and reconstruction errors of test images.

    Attributes:
        errors: (N,), squared error of each reconstruction, summed over pixels.
        latents: (N, latent_dim), drawn from q(z|x) if the model has it, else the codes.
        prior: (N, latent_dim), which the model would decode for samples, of the same classes.
    """

    errors: Tensor
    latents: Tensor
    prior: Tensor


def planned(model: nn.Module, reference: Reference) -> int:
    """Return how many images :func:`encode` encodes and decodes; 0 without an encoder."""
    return 2 * min(AT_MOST, reference.count) if isinstance(model, Encodes) else 0


@torch.no_grad()
def encode(
    model: Encodes, device: torch.device, reference: Reference, advance: Callable[[int], None]
) -> Encoded:
    """Encode test images, decode their codes, and draw as many latents from the prior.

    Args:
        model: with an encoder.
        device: of the model.
        reference: the real images.
        advance: called with the number of images that were encoded and decoded.
    """
    assert isinstance(model, Model)
    errors, latents, classes = [], [], []
    with randomness.placed(0, "latents of test images", device=device):
        for batch in reference.batches(TEST, min(AT_MOST, reference.count)):
            images, labels = batch.to(device).images, batch.to(device).labels
            codes = model.encode(images, labels)
            reconstructions = model.decode(codes, labels)
            errors.append(losses.squared_error(reconstructions, images).double().cpu())
            drawn = model.infer(images, labels) if isinstance(model, HasLikelihood) else codes
            latents.append(drawn.double().cpu())
            if model.num_classes and batch.labels is not None:
                classes.append(batch.labels)
            advance(2 * len(codes))
    found = torch.cat(latents)
    labels = torch.cat(classes) if classes else None
    prior = torch.cat(list(sampling.latents(model, len(found), labels=labels)))
    return Encoded(torch.cat(errors), found, prior.double())
