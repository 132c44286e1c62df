"""Negative log-likelihoods of images, in nats, summed over pixels."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

LOG_TWO_PI = math.log(2 * math.pi)
LEVELS = 256  # of an eight-bit pixel
SMALL = 1e-2  # smaller logits use a series: the formula would divide two numbers near 0
LEAST_VARIANCE = 1e-8  # of a fitted scale, in units of the squared pixel range

Scale = float | Tensor | Callable[[Tensor], float | Tensor]
Formula = Callable[[Tensor, Tensor, float | Tensor], Tensor]


@dataclass(frozen=True)
class Likelihood:
    """The distribution of an image, given a decoder's outputs.

    Attributes:
        nll: outputs and images, (B, C, H, W) each, and the scale → (B,), nats per image. The
            scale is a number, a scalar tensor, or a function from the means to either. A
            likelihood without a scale ignores it.
        mean: outputs → the mean image, (B, C, H, W) in [0, 1].
        pixels: the kind of pixels: ``binary`` are 0 or 1, ``levels`` have one of 256 values,
            ``continuous`` are any number.
        scaled: whether there is a scale, in units of the pixel range.
        optimal_variance: means and images → the square of the scale that minimises ``nll``, a
            scalar; None if no closed form is known.
    """

    nll: Callable[[Tensor, Tensor, Scale], Tensor]
    mean: Callable[[Tensor], Tensor]
    pixels: Literal["binary", "levels", "continuous"]
    scaled: bool = False
    optimal_variance: Callable[[Tensor, Tensor], Tensor] | None = None

    @property
    def binarizes(self) -> bool:
        """Whether images may be binarised at random."""
        return self.pixels == "binary"


def bernoulli(logits: Tensor, images: Tensor) -> Tensor:
    """Return the negative log-likelihood of pixels under independent Bernoulli variables.

    The grey value of a pixel counts as the probability of white (cross-entropy), as in the
    code of Kingma & Welling (2014), appendix C.1. For grey pixels it bounds no likelihood:
    compare it only with other numbers of this kind.

    Args:
        logits: (B, C, H, W), the log-odds of white.
        images: (B, C, H, W), in [0, 1].

    Returns:
        (B,), nats per image.
    """
    return F.binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1).sum(1)


def continuous_bernoulli(logits: Tensor, images: Tensor) -> Tensor:
    """Return the negative log-density of grey pixels under continuous Bernoulli variables.

    Their density is the Bernoulli's probability, normalised over [0, 1]: Loaiza-Ganem &
    Cunningham, The Continuous Bernoulli (2019), equations 6 and 7. With λ = sigmoid(l) their
    constant 2 artanh(1 − 2λ) / (1 − 2λ) is l / tanh(l / 2).

    Args:
        logits: (B, C, H, W), l.
        images: (B, C, H, W), in [0, 1].

    Returns:
        (B,), nats per image. It is of a density, so it can be negative.
    """
    near = logits.abs() < SMALL
    away = torch.where(near, torch.ones_like(logits), logits)
    constant = torch.where(near, 2 + logits.square() / 6, away / (away / 2).tanh())
    return bernoulli(logits, images) - constant.log().flatten(1).sum(1)


def continuous_bernoulli_mean(logits: Tensor) -> Tensor:
    """Return the mean of continuous Bernoulli variables of any shape; it is not sigmoid(logits).

    Loaiza-Ganem & Cunningham (2019), equation 8: sigmoid(l) / tanh(l / 2) − 1 / l.
    """
    near = logits.abs() < SMALL
    away = torch.where(near, torch.ones_like(logits), logits)
    far = away.sigmoid() / (away / 2).tanh() - 1 / away
    return torch.where(near, 0.5 + logits / 12, far).clamp(0, 1)


def gaussian(means: Tensor, images: Tensor, scale: float | Tensor) -> Tensor:
    """Return the negative log-density of pixels under Gaussians with one standard deviation.

    Args:
        means: (B, C, H, W).
        images: (B, C, H, W), in [0, 1].
        scale: the standard deviation, in units of the pixel range; a number or a scalar tensor.

    Returns:
        (B,), nats per image. It is of a density, so it can be negative.
    """
    pixels = means[0].numel()
    log_scale = scale.log() if isinstance(scale, Tensor) else math.log(scale)
    constant = pixels * (0.5 * LOG_TWO_PI + log_scale)
    return squared_error(means, images) / (2 * scale**2) + constant


def discretized_logistic(means: Tensor, images: Tensor, scale: float | Tensor) -> Tensor:
    """Return the negative log-probability of eight-bit pixels under discretised logistics.

    A logistic density is integrated over each level: Kingma et al., Improving Variational
    Inference with Inverse Autoregressive Flow (2016). The two outermost levels extend to
    infinity, as in Salimans et al., PixelCNN++ (2017), equation 2, so the 256 probabilities sum
    to 1.

    Args:
        means: (B, C, H, W).
        images: (B, C, H, W), in [0, 1], multiples of 1/255.
        scale: of the logistic density, in units of the pixel range; a number or a scalar tensor.

    Returns:
        (B,), nats per image.
    """
    half = 0.5 / (LEVELS - 1)
    upper = (images + half - means) / scale
    lower = (images - half - means) / scale
    ends = images < half, images > 1 - half
    return -log_probability_between(lower, upper, ends).flatten(1).sum(1)


def log_probability_between(lower: Tensor, upper: Tensor, ends: tuple[Tensor, Tensor]) -> Tensor:
    """Return the log-probability that a standard logistic variable lies in an interval.

    Args:
        lower, upper: the bounds, of any shape, ``lower`` below ``upper``.
        ends: two masks that broadcast: where the interval extends to −∞, and where to ∞.
    """
    bottom, top = ends
    # σ(a) − σ(b) = σ(a) σ(−b) (1 − exp(b − a)), without cancellation.
    return (
        torch.where(top, 0.0, F.logsigmoid(upper))
        + torch.where(bottom, 0.0, F.logsigmoid(-lower))
        + torch.where(top | bottom, 0.0, (-torch.expm1(lower - upper)).log())
    )


def squared_error(means: Tensor, images: Tensor) -> Tensor:
    """Return the squared error summed over pixels: (B, C, H, W) twice → (B,)."""
    return (means - images).square().flatten(1).sum(1)


def importance_weighted(log_weights: Tensor) -> Tensor:
    """Return the bound on −log p(x) from K importance samples.

    Burda et al., Importance Weighted Autoencoders (2016), equation 8. The bound falls with K;
    for K = 1 it is −ELBO.

    Args:
        log_weights: (B, K), log p(x|z) + log p(z) − log q(z|x) for K draws of z.

    Returns:
        (B,), nats per image.
    """
    return math.log(log_weights.shape[1]) - log_weights.logsumexp(1)


def mean_squared_error(means: Tensor, images: Tensor) -> Tensor:
    """Return the variance at which Gaussians fit a batch best: (B, C, H, W) twice → scalar.

    Rybkin et al., Simple and Effective VAE Training with Calibrated Decoders (2021),
    equation 5.
    """
    return (means - images).square().mean().clamp(min=LEAST_VARIANCE)


def around_means(formula: Formula) -> Callable[[Tensor, Tensor, Scale], Tensor]:
    """Return the :attr:`Likelihood.nll` of outputs, from a formula of means and a scale.

    The means are sigmoid(outputs).
    """

    def nll(outputs: Tensor, images: Tensor, scale: Scale) -> Tensor:
        means = outputs.sigmoid()
        return formula(means, images, scale(means) if callable(scale) else scale)

    return nll


LIKELIHOODS = {
    # Kingma & Welling, Auto-Encoding Variational Bayes (2014), appendix C.1.
    "bernoulli": Likelihood(
        lambda outputs, images, _: bernoulli(outputs, images), torch.sigmoid, "binary"
    ),
    # Loaiza-Ganem & Cunningham, The Continuous Bernoulli (2019).
    "continuous_bernoulli": Likelihood(
        lambda outputs, images, _: continuous_bernoulli(outputs, images),
        lambda outputs: continuous_bernoulli_mean(outputs.float()),
        "continuous",
    ),
    # Kingma & Welling (2014), appendix C.2.
    "gaussian": Likelihood(
        around_means(gaussian),
        torch.sigmoid,
        "continuous",
        scaled=True,
        optimal_variance=mean_squared_error,
    ),
    # Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow (2016).
    "discretized_logistic": Likelihood(
        around_means(discretized_logistic), torch.sigmoid, "levels", scaled=True
    ),
}
