"""A mixture of discretised logistic densities for each eight-bit pixel: its 256 probabilities.

Salimans et al., PixelCNN++ (2017), equations 1 and 2.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from genmodels.losses.likelihoods import LEVELS

LEAST = -7.0  # of a logarithm of a scale, as in their code


def log_probabilities(outputs: Tensor) -> Tensor:
    """Raw outputs of each pixel → log-probabilities of its levels.

    Args:
        outputs: (..., 3 K): logits of K weights, K means in [-1, 1] or near it, and K
            logarithms of scales in the same units.

    Returns:
        (..., 256).
    """
    logits, means, log_scales = outputs.float().chunk(3, -1)
    edges = torch.linspace(-1, 1, 2 * LEVELS - 1, device=outputs.device)[1::2]  # between levels
    standard = edges.view(-1, 1) - means.unsqueeze(-2)
    standard = standard * (-log_scales.clamp(min=LEAST)).exp().unsqueeze(-2)
    below = F.pad(standard.sigmoid(), (0, 0, 1, 0), value=0.0)
    above = F.pad(standard.sigmoid(), (0, 0, 0, 1), value=1.0)
    weights = logits.softmax(-1).unsqueeze(-2)
    shares = (weights * (above - below)).sum(-1)
    return shares.clamp(min=1e-12).log().log_softmax(-1)
