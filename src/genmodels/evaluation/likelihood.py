"""What is measured of models that encode, that have a likelihood, that discriminate."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from genmodels import randomness
from genmodels.data.images import TEST, TRAIN
from genmodels.evaluation import distances
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Discriminates, Encodes, Likelihood

SAMPLES = 100  # importance samples of an image
IMAGES = 1000  # test images whose likelihood is bounded
ACTIVE = 0.01  # Burda et al. (2016), section 5.1
AT_MOST = 5000  # images that are encoded or judged


@torch.no_grad()
def of_encoder(model: Encodes, reference: Reference) -> dict[str, float]:
    """Squared error of reconstructed test images, summed over pixels, and the Fréchet
    distance between their latents and as many of the prior's N(0, I)."""
    errors, latents = [], []
    device = _device(model)
    with randomness.placed(0, "latents of test images", device=device):
        for images in reference.batches(TEST, min(AT_MOST, reference.count)):
            moved = images.to(device)
            codes = model.encode(moved)
            errors.append((model.decode(codes) - moved).square().flatten(1).sum(1).double().cpu())
            drawn = model.infer(moved) if isinstance(model, Likelihood) else codes
            latents.append(drawn.double().cpu())
    found = distances.gaussian(torch.cat(latents))
    size = len(found.mean)
    prior = distances.Gaussian(torch.zeros(size).double(), torch.eye(size).double())
    return {
        "reconstruction_error": torch.cat(errors).mean().item(),
        "latents_to_prior": distances.frechet(found, prior),
    }


@torch.no_grad()
def of_likelihood(model: Likelihood, reference: Reference) -> dict[str, float]:
    """The bound of ``SAMPLES`` importance samples on −log p(x), in nats an image, the bound
    of one, and the active units.

    Models of binary pixels see pixels that were drawn once with the grey value as their
    probability, and the names say so; others see the images as they are.
    """
    device = _device(model)
    binary = model.binary_pixels
    bounds, singles, means = [], [], []
    with randomness.placed(0, "importance samples", device=device):
        for images in reference.batches(TEST, min(IMAGES, reference.count)):
            seen = _binarised(images) if binary else images
            weights = log_weights(model, seen.to(device), SAMPLES)
            bounds.append(importance_bound(weights))
            singles.append(-weights.mean(1))
            if isinstance(model, Encodes):
                means.append(model.encode(images.to(device)).double().cpu())
    pixels = "binary" if binary else "density"
    numbers = {
        f"nll_{pixels}_iwae_{SAMPLES}": torch.cat(bounds).mean().item(),
        f"nll_{pixels}_elbo": torch.cat(singles).mean().item(),
    }
    if means:
        numbers["active_units"] = float((torch.cat(means).var(0) > ACTIVE).sum())
    return numbers


def log_weights(model: Likelihood, images: Tensor, count: int) -> Tensor:
    """``count`` log importance weights of each image, (B, count), float64 on the CPU."""
    columns = [model.log_weights(images).double().cpu() for _ in range(count)]
    return torch.stack(columns, 1)


def importance_bound(weights: Tensor) -> Tensor:
    """−log of the mean weight, (B, K) → (B,): Burda et al. (2016), equation 8; all K weights
    that are given are used, and the bound falls with K."""
    return math.log(weights.shape[1]) - weights.logsumexp(1)


@torch.no_grad()
def of_discriminator(
    model: Discriminates, samples: Sequence[Tensor], reference: Reference, last: Mapping[str, Any]
) -> dict[str, float]:
    """The share that the discriminator tells rightly of training images, of held-out images
    and of samples, and how far the last losses are from equilibrium."""
    device = _device(model)
    count = min(AT_MOST, reference.count)

    def taken_for_real(blocks: Any) -> float:
        logits = [model.realness(block.to(device)).cpu() for block in blocks]
        return (torch.cat(logits) > 0).double().mean().item()

    trained = reference.batches(TRAIN, count)
    numbers = {
        "discriminator_right_on_training": taken_for_real(trained),
        "discriminator_right_on_held_out": taken_for_real(reference.batches(TEST, count)),
        "discriminator_right_on_samples": 1 - taken_for_real(samples),
    }
    for term, value in model.equilibrium().items():
        if (found := last.get(f"train.{term}")) is not None:
            numbers[f"{term.removesuffix('.loss')}_from_equilibrium"] = found - value
    return numbers


def _binarised(images: Tensor) -> Tensor:
    generator = randomness.generator(0, "binarised pixels")
    return (torch.rand(images.shape, generator=generator) < images).float()


def _device(model: Any) -> torch.device:
    return next(model.parameters()).device
