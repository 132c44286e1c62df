"""Objectives as pure functions: likelihoods, divergences, adversarial losses, penalties.

They depend on no network and no model. Likelihoods and divergences are in nats and *summed*
over pixels or latent dimensions, so their balance does not depend on the image size.
Adversarial losses and penalties are means over the batch.
"""

from genmodels.losses.adversarial import ADVERSARIAL, Adversarial, Relativistic, relativistic
from genmodels.losses.augmentation import AUGMENTATIONS, augment
from genmodels.losses.bounds import (
    bounded,
    bounded_log_scale,
    bounded_log_variance,
    mean_and_log_variance,
)
from genmodels.losses.divergences import (
    TotalCorrelation,
    free_bits,
    kl_to_standard_normal,
    mmd,
    total_correlation,
)
from genmodels.losses.likelihoods import (
    LEVELS,
    LIKELIHOODS,
    LOG_TWO_PI,
    Likelihood,
    bernoulli,
    continuous_bernoulli,
    continuous_bernoulli_mean,
    discretized_logistic,
    gaussian,
    importance_weighted,
    squared_error,
)
from genmodels.losses.mixtures import (
    mixture_cumulative,
    mixture_level,
    mixture_log_probability,
    rounded_up,
)
from genmodels.losses.penalties import PENALTIES, Penalty

__all__ = [
    "ADVERSARIAL",
    "AUGMENTATIONS",
    "LEVELS",
    "LIKELIHOODS",
    "LOG_TWO_PI",
    "PENALTIES",
    "Adversarial",
    "Likelihood",
    "Penalty",
    "Relativistic",
    "TotalCorrelation",
    "augment",
    "bernoulli",
    "bounded",
    "bounded_log_scale",
    "bounded_log_variance",
    "continuous_bernoulli",
    "continuous_bernoulli_mean",
    "discretized_logistic",
    "free_bits",
    "gaussian",
    "importance_weighted",
    "kl_to_standard_normal",
    "mean_and_log_variance",
    "mixture_cumulative",
    "mixture_level",
    "mixture_log_probability",
    "mmd",
    "relativistic",
    "rounded_up",
    "squared_error",
    "total_correlation",
]
