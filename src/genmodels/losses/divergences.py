"""Divergences of codes from a standard normal distribution, and from independence."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.losses.likelihoods import LOG_TWO_PI

# Of the kernels that the code of Tolstikhin et al. (2018) sums.
SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return KL(N(μ, diag σ²) ‖ N(0, I)) of each dimension: ½ (μ² + σ² − 1 − log σ²).

    Kingma & Welling, Auto-Encoding Variational Bayes (2014), appendix B.

    Args:
        mean, log_variance: (B, D).

    Returns:
        (B, D), in nats. The sum over dimensions is the divergence of an image.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance)


def free_bits(divergences: Tensor, least: float) -> Tensor:
    """Return the mean divergence of a batch, with at least ``least`` nats for each dimension.

    Kingma et al., Improving Variational Inference with Inverse Autoregressive Flow (2016),
    equation 15, with one group for each dimension.

    Args:
        divergences: (B, D), nats.
        least: λ, nats for each dimension.

    Returns:
        A scalar, nats per image; the plain mean for λ = 0.
    """
    return divergences.mean(0).clamp(min=least).sum()


@dataclass(frozen=True)
class TotalCorrelation:
    """The KL term of a batch, decomposed; scalars in nats per image.

    Attributes:
        mutual_information: between an image and its code.
        total_correlation: among the dimensions of the codes.
        dimension_wise_kl: KL divergence of each dimension from its prior, summed.
    """

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_wise_kl: Tensor


def total_correlation(latents: Tensor, mean: Tensor, log_variance: Tensor) -> TotalCorrelation:
    """Decompose the KL term.

    Chen et al., Isolating Sources of Disentanglement in VAEs (2018), equations 2 and S3. The
    aggregate q(z) is estimated by the mixture of the batch's posteriors. Their further factor,
    the number of training images, would add a constant, which changes no gradient.

    Args:
        latents: (B, D), each drawn from its q(z|x).
        mean, log_variance: (B, D), of q(z|x).
    """
    difference = latents.unsqueeze(1) - mean
    each = -0.5 * (difference.square() / log_variance.exp() + log_variance + LOG_TWO_PI)
    count = math.log(len(latents))
    posterior = each.diagonal(dim1=0, dim2=1).sum(0)  # log q(z|x) of the z's image
    joint = each.sum(2).logsumexp(1) - count
    marginals = (each.logsumexp(1) - count).sum(1)
    prior = -0.5 * (latents.square() + LOG_TWO_PI).sum(1)
    return TotalCorrelation(
        mutual_information=(posterior - joint).mean(),
        total_correlation=(joint - marginals).mean(),
        dimension_wise_kl=(marginals - prior).mean(),
    )


def mmd(first: Tensor, second: Tensor) -> Tensor:
    """Estimate the squared maximum mean discrepancy without bias.

    Gretton et al., A Kernel Two-Sample Test (2012), lemma 6, with the inverse multiquadratic
    kernels C / (C + d²) of Tolstikhin et al., Wasserstein Auto-Encoders (2018), section 4:
    C = 2 D s, summed over the scales s of their code.

    Args:
        first, second: (N, D) and (M, D), from N(0, I) or near it; two rows or more.

    Returns:
        A scalar. Its mean is 0 for equal distributions, so it can be negative.
    """

    def kernel(left: Tensor, right: Tensor) -> Tensor:
        squared = (left.unsqueeze(1) - right).square().sum(2)
        radii = (2 * left.shape[1] * scale for scale in SCALES)
        return sum((radius / (radius + squared) for radius in radii), torch.zeros_like(squared))

    def within(values: Tensor) -> Tensor:
        count = len(values)
        others = kernel(values, values).sum() - count * len(SCALES)  # k(x, x) = 1
        return others / (count * (count - 1))

    return within(first) + within(second) - 2 * kernel(first, second).mean()
