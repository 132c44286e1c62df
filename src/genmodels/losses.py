"""Objectives as pure functions: likelihoods, divergences and adversarial pairs.

Nothing here knows a network or a model. Likelihoods and divergences return one value per
image, in nats, *summed* over pixels or latent dimensions, so that their balance does not
depend on the image size; adversarial losses return the mean over the batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LOG_TWO_PI = 1.8378770664093453


def bernoulli(logits: Tensor, images: Tensor) -> Tensor:
    """Negative log-likelihood of pixels under independent Bernoulli variables.

    Grey pixels count as the probability that a pixel is white (cross-entropy), as in the
    code of Kingma & Welling (2014), appendix C.1. With grey pixels this is a bound on
    nothing: compare it with other numbers of the same kind only.

    Args:
        logits: (B, C, H, W), the log-odds of white.
        images: (B, C, H, W), in [0, 1].

    Returns:
        (B,), nats per image.
    """
    return F.binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1).sum(1)


def gaussian(means: Tensor, images: Tensor, scale: float) -> Tensor:
    """Negative log-density of pixels under Gaussians of one fixed standard deviation.

    Args:
        means: (B, C, H, W).
        images: (B, C, H, W), in [0, 1].
        scale: the standard deviation, in units of the pixel range.

    Returns:
        (B,), nats per image; a density, so it can be negative.
    """
    scale_squared = scale**2
    pixels = means[0].numel()
    constant = 0.5 * pixels * (LOG_TWO_PI + torch.tensor(scale_squared).log().item())
    return squared_error(means, images) / (2 * scale_squared) + constant


def squared_error(means: Tensor, images: Tensor) -> Tensor:
    """Squared error summed over pixels: (B, C, H, W) twice → (B,)."""
    return (means - images).square().flatten(1).sum(1)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(μ, diag σ²) ‖ N(0, I)) = ½ Σ (μ² + σ² − 1 − log σ²).

    Kingma & Welling, Auto-Encoding Variational Bayes (2014), appendix B.

    Args:
        mean, log_variance: (B, D).

    Returns:
        (B,), nats per image.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


@dataclass(frozen=True)
class Adversarial:
    """What each side of an adversarial game minimises.

    Attributes:
        real: discriminator's logits on real images (B, 1) → scalar.
        fake: discriminator's logits on generated images (B, 1) → scalar.
        generator: discriminator's logits on generated images (B, 1) → scalar.
    """

    real: Callable[[Tensor], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]


def _log_real(logits: Tensor) -> Tensor:
    """−log D(x), for D = sigmoid(logits)."""
    return F.softplus(-logits).mean()


def _log_fake(logits: Tensor) -> Tensor:
    """−log(1 − D(x)), for D = sigmoid(logits)."""
    return F.softplus(logits).mean()


def _minus_log_fake(logits: Tensor) -> Tensor:
    return -_log_fake(logits)


ADVERSARIAL = {
    # Goodfellow et al., Generative Adversarial Nets (2014), section 3: "rather than
    # training G to minimize log(1 − D(G(z))) we can train G to maximize log D(G(z))".
    "non_saturating": Adversarial(_log_real, _log_fake, _log_real),
    # The same paper, equation 1.
    "minimax": Adversarial(_log_real, _log_fake, _minus_log_fake),
}
