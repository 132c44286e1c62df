"""What is measured of models that encode, that have a likelihood, that discriminate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from genmodels import losses
from genmodels.data.images import TEST, TRAIN, Batch
from genmodels.evaluation.metrics import distances
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Discriminates, Encodes, Likelihood
from genmodels.system import randomness

SAMPLES = 100  # importance samples of an image
IMAGES = 1000  # test images whose likelihood is bounded
ACTIVE = 0.01  # Burda et al. (2016), section 5.1
AT_MOST = 5000  # images that are encoded or judged


@torch.no_grad()
def of_encoder(
    model: Encodes, reference: Reference, counted: Callable[[int], None]
) -> dict[str, float]:
    """Squared error of reconstructed test images, summed over pixels, and the Fréchet
    distance between their latents and as many of the prior's N(0, I).

    Args:
        model: that encodes.
        reference: the real images.
        counted: hears of images that were encoded, and of those that were decoded.
    """
    errors, latents = [], []
    device = _device(model)
    with randomness.placed(0, "latents of test images", device=device):
        for batch in reference.batches(TEST, min(AT_MOST, reference.count)):
            seen = batch.to(device)
            codes = model.encode(seen.images, seen.labels)
            shown = model.decode(codes, seen.labels)
            errors.append(losses.squared_error(shown, seen.images).double().cpu())
            drawn = codes
            if isinstance(model, Likelihood):
                drawn = model.infer(seen.images, seen.labels)
            latents.append(drawn.double().cpu())
            counted(2 * len(codes))
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
    samples = 1 if model.exact else SAMPLES
    bounds, singles, means = [], [], []
    with randomness.placed(0, "importance samples", device=device):
        for batch in reference.batches(TEST, min(IMAGES, reference.count)):
            weights = log_weights(model, as_modelled(model, batch).to(device), samples)
            bounds.append(losses.importance_weighted(weights))
            singles.append(-weights.mean(1))
            if isinstance(model, Encodes):
                seen = batch.to(device)
                means.append(model.encode(seen.images, seen.labels).double().cpu())
    bound = torch.cat(bounds).mean().item()
    if model.exact:
        return {f"nll_{model.pixels}_exact": bound}
    numbers = {
        f"nll_{model.pixels}_iwae_{SAMPLES}": bound,
        f"nll_{model.pixels}_elbo": torch.cat(singles).mean().item(),
    }
    if means:
        numbers["active_units"] = float((torch.cat(means).var(0) > ACTIVE).sum())
    return numbers


def as_modelled(model: Likelihood, batch: Batch) -> Batch:
    """The images whose likelihood is meant: with pixels drawn once, their grey values being the
    probabilities, for a model of binary ones."""
    if model.pixels != "binary":
        return batch
    generator = randomness.generator(0, "binarised pixels")
    drawn = torch.rand(batch.images.shape, generator=generator) < batch.images
    return Batch(drawn.float(), batch.labels)


def log_weights(model: Likelihood, batch: Batch, count: int) -> Tensor:
    """``count`` log importance weights of each image, (B, count), float64 on the CPU."""
    drawn = (model.log_weights(batch.images, batch.labels) for _ in range(count))
    return torch.stack([weights.double().cpu() for weights in drawn], 1)


@torch.no_grad()
def of_discriminator(
    model: Discriminates, samples: Sequence[Batch], reference: Reference, last: Mapping[str, Any]
) -> dict[str, float]:
    """The share of pairs of a real image and a sample that the discriminator ranks rightly;
    where it decides, the share of training images, of held-out images and of samples on which
    it is right; and how far the last losses are from equilibrium."""
    device = _device(model)
    count = min(AT_MOST, reference.count)

    def judge(batches: Iterable[Batch]) -> Tensor:
        seen = (batch.to(device) for batch in batches)
        return torch.cat([model.realness(b.images, b.labels).double().cpu() for b in seen])

    trained = judge(reference.batches(TRAIN, count))
    held_out, generated = judge(reference.batches(TEST, count)), judge(samples)
    numbers = {
        "discriminator_ranks_training": _ranked(trained, generated),
        "discriminator_ranks_held_out": _ranked(held_out, generated),
    }
    if model.threshold is not None:
        for name, logits in (("training", trained), ("held_out", held_out)):
            right = (logits > model.threshold).double().mean().item()
            numbers[f"discriminator_right_on_{name}"] = right
        right = (generated <= model.threshold).double().mean().item()
        numbers["discriminator_right_on_samples"] = right
    for term, value in model.equilibrium().items():
        if (found := last.get(f"train.{term}")) is not None:
            numbers[f"{term.removesuffix('.loss')}_from_equilibrium"] = found - value
    return numbers


def _ranked(real: Tensor, generated: Tensor) -> float:
    """The share of pairs in which the real image has the higher logit; 0.5 where the
    discriminator cannot tell."""
    ordered = generated.sort().values
    below = torch.searchsorted(ordered, real) + torch.searchsorted(ordered, real, right=True)
    return below.double().mean().item() / (2 * len(generated))


def _device(model: Any) -> torch.device:
    return next(model.parameters()).device
