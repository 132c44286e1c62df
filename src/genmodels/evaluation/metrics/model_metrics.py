"""Metrics of one trained model: likelihood, reconstruction, discriminator, size, training.

A new metric of a model is one row of :data:`MODEL_METRICS`, computed from a
:class:`~genmodels.evaluation.metrics.trained.Trained`.
"""

from typing import get_args

from torch import nn

from genmodels.evaluation.metrics import energy
from genmodels.evaluation.metrics.likelihood import ACTIVE, ELBO, EXACT, IMAGES, IWAE, SAMPLES
from genmodels.evaluation.metrics.metric import Metric, Undefined
from genmodels.evaluation.metrics.trained import Trained
from genmodels.models.base import Discriminates, Encodes, HasLikelihood, Pixels

PIXELS: dict[Pixels, str] = {
    "binary": "binarised pixels",
    "levels": "256 levels",
    "continuous": "pixel density",
}
_KINDS = {EXACT: ("NLL", ""), IWAE: ("NLL ≤", f" IWAE-{SAMPLES},"), ELBO: ("NLL ≤", " ELBO,")}
_NLL = {
    EXACT: f"−log p(x) of {IMAGES:,} test images, in nats per image; exact, not a bound. "
    "The label of a conditional model is summed out",
    IWAE: f"upper bound on −log p(x) by {SAMPLES} importance samples (Burda et al., 2016) on "
    f"{IMAGES:,} test images. Nats of different kinds of pixels cannot be compared. The label of a "
    "conditional model is summed out",
    ELBO: f"upper bound on −log p(x) by one importance sample, on {IMAGES:,} test images",
}
_RANKED = "share of pairs in which the discriminator gives the real image the higher logit; " \
    "50 % is a guess. Both sides have the last weights, which played"  # fmt: skip
_RIGHT = "share that the discriminator classifies correctly as real or generated; both sides " \
    "have the last weights, which played"  # fmt: skip
_EQUILIBRIUM = "last training loss minus its value at the equilibrium of the game"


def _nll(trained: Trained, pixels: Pixels, kind: str) -> float:
    bounds = trained.bounds
    if bounds.pixels != pixels:
        raise Undefined(f"its likelihood is of another kind: {PIXELS[bounds.pixels]}")
    if kind not in bounds.nats:
        raise Undefined("its likelihood is exact, or has bounds only")
    return bounds.nats[kind]


def _active_units(trained: Trained) -> float:
    units = trained.bounds.active_units
    if units is None:
        raise Undefined("its likelihood infers no latents")
    return float(units)


def _from_equilibrium(trained: Trained, phase: str) -> float:
    if phase not in trained.from_equilibrium:
        raise Undefined(f"the model has no {phase} whose loss has a known equilibrium")
    return trained.from_equilibrium[phase]


def _teraflops(trained: Trained) -> float:
    if "flops_per_image" not in trained.progress:
        raise Undefined("not counted when the run was trained")
    total: float = trained.progress["flops_per_image"] * trained.progress["images"]
    return total / 1e12


def _parameters(module: nn.Module) -> float:
    return float(sum(parameter.numel() for parameter in module.parameters()))


def _nll_metric(pixels: Pixels, kind: str) -> Metric[Trained]:
    name, by = _KINDS[kind]
    return Metric(
        f"nll_{pixels}_{kind}", f"{name}, {PIXELS[pixels]},{by} nats", "lower",
        compute=lambda t: _nll(t, pixels, kind), meaning=_NLL[kind],
        applies_to=HasLikelihood, group=f"nll_{pixels}",
    )  # fmt: skip


def _equilibrium_metric(phase: str) -> Metric[Trained]:
    return Metric(
        f"{phase}_from_equilibrium", f"{phase}'s loss − at equilibrium",
        compute=lambda t: _from_equilibrium(t, phase), meaning=_EQUILIBRIUM,
        applies_to=Discriminates, group=f"{phase}_from",
    )  # fmt: skip


MODEL_METRICS: tuple[Metric[Trained], ...] = (
    Metric(
        "reconstruction_error", "reconstruction, squared error", "lower",
        compute=lambda t: t.encoded.errors.mean().item(),
        meaning="squared error of encoded and decoded test images, summed over pixels",
        applies_to=Encodes, scale="positive",
    ),
    Metric(
        "latents_from_prior", "latents from the prior, energy distance", "lower",
        compute=lambda t: energy.distance(t.encoded.latents, t.encoded.prior),
        meaning="energy distance (Székely & Rizzo, 2013) between the test images' latents, drawn "
        "from q(z|x) if the model has it, and latents of samples, along the axes and random "
        "directions, half of the weight each. 0 for equal distributions, also for a collapsed "
        "posterior, which has no active dimensions; from N(0, I), 0.10 for two spikes on each axis "
        "and 0.47 for a single point",
        applies_to=Encodes,
    ),
    *(_nll_metric(pixels, kind) for pixels in get_args(Pixels) for kind in _KINDS),
    Metric(
        "active_units", "active latent dimensions",
        compute=_active_units,
        meaning=f"latent dimensions whose mean has a variance above {ACTIVE} over test images "
        "(Burda et al., 2016); 0 for a collapsed posterior",
        applies_to=HasLikelihood,
    ),
    Metric(
        "discriminator_ranks_training", "training images ranked above samples",
        compute=lambda t: t.logits.ranked(t.logits.training), meaning=_RANKED,
        applies_to=Discriminates, group="discriminator_ranks", scale="share",
    ),
    Metric(
        "discriminator_ranks_held_out", "held-out images ranked above samples",
        compute=lambda t: t.logits.ranked(t.logits.held_out), meaning=_RANKED,
        applies_to=Discriminates, group="discriminator_ranks", scale="share",
    ),
    Metric(
        "discriminator_right_on_training", "discriminator right on training images",
        compute=lambda t: t.logits.right_on_real(t.logits.training), meaning=_RIGHT,
        applies_to=Discriminates, group="discriminator_right", scale="share",
    ),
    Metric(
        "discriminator_right_on_held_out", "discriminator right on held-out images",
        compute=lambda t: t.logits.right_on_real(t.logits.held_out), meaning=_RIGHT,
        applies_to=Discriminates, group="discriminator_right", scale="share",
    ),
    Metric(
        "discriminator_right_on_samples", "discriminator right on samples",
        compute=lambda t: t.logits.right_on_samples(), meaning=_RIGHT,
        applies_to=Discriminates, group="discriminator_right", scale="share",
    ),
    *(_equilibrium_metric(phase) for phase in ("discriminator", "generator", "coder")),
)  # fmt: skip

TRAINING_METRICS: tuple[Metric[Trained], ...] = (
    Metric(
        "parameters_sampling", "parameters that sample",
        compute=lambda t: _parameters(t.model.sampling_module()),
        meaning="parameters that sampling needs",
    ),
    Metric(
        "parameters_training", "parameters that train",
        compute=lambda t: _parameters(t.model),
        meaning="parameters of the model, including those that serve training only",
    ),
    Metric(
        "latent_dimensions", "latent dimensions",
        compute=lambda t: float(t.model.latent_dim),
        meaning="dimensions of a latent",
    ),
    Metric(
        "training_images", "training images",
        compute=lambda t: float(t.progress["images"]),
        meaning="images that training has drawn, with repetitions",
    ),
    Metric(
        "training_teraflops", "training, 10¹² floating-point operations",
        compute=_teraflops,
        meaning="floating-point operations of the training",
    ),
)  # fmt: skip
