"""The variational autoencoder. Variants from several papers are settings of one class."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.config.number_types import Count, KeyOf, NonNegative, Weight
from genmodels.data.images import Batch
from genmodels.models.base import Phase, Pixels, Terms
from genmodels.models.density import COMPONENTS, Coder, Sampler, draw
from genmodels.networks import MLP, Network, labels

LikelihoodName = Annotated[str, KeyOf(losses.LIKELIHOODS)]
ScaleSetting = Literal["learned", "optimal"]
SCALE = 0.1  # of the pixel range; near the residual of trained models
MOMENTUM = 0.01  # of the moving average of an optimal variance


class VAE(Coder):
    """Auto-Encoding Variational Bayes (Kingma & Welling, 2014), https://arxiv.org/abs/1312.6114.

    Minimises −ELBO = E_q(z|x)[−log p(x|z)] + β KL(q(z|x) ‖ N(0, I)) (equation 10, one
    sample), with z = μ + σ⊙ε and ε ~ N(0, I). Both terms are in nats per image, summed over
    pixels and latent dimensions, so β means the same at every image size.

    Args:
        image_shape: (C, H, W).
        latent_dim: size of z.
        network: the encoder; the decoder is its mirror image.
        likelihood: p(x|z), a key of ``losses.LIKELIHOODS``, such as ``bernoulli`` or
            ``gaussian``. That table has their papers.
        scale: of likelihoods that have one, in units of the pixel range: a number, ``learned``,
            or ``optimal``. ``optimal`` is the value that minimises the batch's loss (for a
            ``gaussian`` Rybkin et al., 2021, equation 5). The same paper shows that a scale of 1
            blurs; 0.1 is near the residual of trained models.
        beta: weight of the KL term; 1 gives the ELBO, other values the β-VAE of Higgins et al.
            (2017).
        bound: ``elbo``, or ``iwae``: the logarithm of the mean weight of ``samples`` draws
            (Burda et al., 2016, equation 8).
        samples: the number of latents drawn for each image of a batch.
        divergence: ``kl``, or ``total_correlation``: β then weights only that part of the KL
            term (Chen et al., 2018, equation 4, α = γ = 1).
        free_bits: nats of each latent dimension that are not penalised (Kingma et al., 2016,
            equation 15).
        warmup: number of steps in which β rises linearly from 0 (Sønderby et al., 2016,
            section 2.3).
        binarize: whether each step draws pixels as 0 or 1, with the grey value as the
            probability of 1 (Burda et al., 2016, section 5).
        sampler: the density that samples are decoded from. ``prior`` is N(0, I); ``gaussian``
            and ``gmm`` are fitted to the codes of training images after training (Ghosh et al.,
            2020, section 4).
        components: the number of components of ``gmm``.
        conditional: whether both networks are conditioned on the label (Sohn et al., 2015).
        class_shares: the share of each class in the training images.
    """

    exact = False

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Count = 20,
        network: Network = MLP(),
        likelihood: LikelihoodName = "bernoulli",
        scale: float | ScaleSetting = SCALE,
        beta: Weight = 1.0,
        bound: Literal["elbo", "iwae"] = "elbo",
        samples: Count = 1,
        divergence: Literal["kl", "total_correlation"] = "kl",
        free_bits: Weight = 0.0,
        warmup: NonNegative = 0,
        binarize: bool = False,
        sampler: Sampler = "prior",
        components: Count = COMPONENTS,
        conditional: bool = False,
        class_shares: Sequence[float] = (),
    ):
        super().__init__(image_shape, latent_dim, sampler, components, conditional, class_shares)
        self.encoder = labels.encoder(network, image_shape, 2 * latent_dim, self.num_classes)
        self.decoder = labels.decoder(network, latent_dim, image_shape, self.num_classes)
        self.likelihood = losses.LIKELIHOODS[likelihood]
        self.pixels: Pixels = self.likelihood.pixels
        self.beta, self.bound, self.samples = beta, bound, samples
        self.divergence, self.free_bits, self.binarize = divergence, free_bits, binarize
        self.scale = scale if isinstance(scale, str) else float(scale)
        if self.likelihood.scaled and scale == "learned":
            self.log_scale = nn.Parameter(torch.tensor(SCALE).log())
        if self.likelihood.optimal_variance and scale == "optimal":
            self.register_buffer("kept_variance", torch.tensor(SCALE**2))
        self.warmup = warmup
        if warmup:
            self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    @staticmethod
    def contradictions(settings: Mapping[str, Any]) -> Iterator[str]:
        """Yield a line for each pair of settings that contradict each other."""
        yield from Coder.contradictions(settings)
        name, scale = settings["likelihood"], settings["scale"]
        likelihood = losses.LIKELIHOODS[name]
        if scale != SCALE and not likelihood.scaled:
            able = _named(lambda other: other.scaled)
            yield f"scale: a {name} likelihood has none; leave it out, or take {able}"
        elif scale == "optimal" and not likelihood.optimal_variance:
            able = _named(lambda other: other.optimal_variance is not None)
            yield f"scale: optimal is known for {able}; take learned"
        if not isinstance(scale, str) and scale <= 0:
            yield f"scale: is {scale}; give a number above 0"
        if settings["binarize"] and not likelihood.binarizes:
            able = _named(lambda other: other.binarizes)
            yield f"binarize: pixels that are 0 or 1 are not {name}; take {able}"
        if settings["bound"] == "iwae":
            changed = [
                name
                for name, plain in (
                    ("beta", 1),
                    ("free_bits", 0),
                    ("divergence", "kl"),
                    ("warmup", 0),
                )
                if settings[name] != plain
            ]
            if changed:
                yield f"bound: iwae has no KL term that {', '.join(changed)} could change"
            if settings["samples"] == 1:
                yield "bound: iwae of 1 sample is the elbo; give samples: 5, or more"
        if settings["divergence"] != "kl" and settings["free_bits"]:
            yield "free_bits: they belong to divergence: kl"

    def phases(self) -> list[Phase]:
        """Return one phase: the evidence lower bound."""
        return [Phase("elbo", self, self._objective)]

    def posterior(self, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the mean and log-variance of q(z|x): (B, C, H, W) → (B, latent_dim) each."""
        return losses.mean_and_log_variance(self.encoder(images, *self.conditioning(labels)))

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean of q(z|x): (B, C, H, W) → (B, latent_dim)."""
        return self.posterior(images, labels)[0]

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean of p(x|z): (B, latent_dim) → (B, C, H, W) in [0, 1]."""
        return self.likelihood.mean(self.decoder(latents, *self.conditioning(labels)))

    def infer(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw latents from q(z|x): (B, C, H, W) → (B, latent_dim)."""
        mean, log_variance = self.posterior(images, labels)
        return draw(mean, log_variance)

    def log_weights(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw one z ~ q(z|x) for each image and return its log-weight, (B,), in nats.

        The log-weight is log p(x|z) + log p(z) − log q(z|x); Burda et al. (2016), equation 7. The
        last two terms are evaluated at z, unlike the ELBO's KL term. p(z) is the sampler's density.
        """
        return self._log_weights(*self.posterior(images, labels), images, labels)

    def validation_metrics(self, batch: Batch) -> Terms:
        """Return ``negative_elbo``, ``reconstruction`` and ``kl``, in nats per image.

        The first is the sum of the other two: β is 1, whatever the model was trained with. One
        latent is drawn for each image.
        """
        images, labels = self._modelled(batch.images), batch.labels
        mean, log_variance = self.posterior(images, labels)
        latents = draw(mean, log_variance)
        reconstruction = self._negative_log_likelihood(latents, images, labels).mean()
        divergence = losses.kl_to_standard_normal(mean, log_variance).sum(1).mean()
        return {
            "negative_elbo": reconstruction + divergence,
            "reconstruction": reconstruction,
            "kl": divergence,
        }

    def sampling_module(self) -> nn.Module:
        """Return the decoder."""
        return self.decoder

    def _objective(self, batch: Batch) -> Terms:
        images, labels = self._modelled(batch.images), batch.labels
        if self.bound == "iwae":
            return self._importance_weighted(images, labels)
        mean, log_variance = self.posterior(images, labels)
        if self.samples > 1:
            mean, log_variance, images, labels = self._repeated(mean, log_variance, images, labels)
        latents = draw(mean, log_variance)
        reconstruction = self._negative_log_likelihood(latents, images, labels).mean()
        share = self._warm()
        if self.divergence == "total_correlation":
            parts = losses.total_correlation(latents, mean, log_variance)
            divergence = parts.mutual_information + parts.dimension_wise_kl
            weighed = divergence + self.beta * parts.total_correlation
            return {
                "loss": reconstruction + share * weighed,
                "reconstruction": reconstruction,
                "mutual_information": parts.mutual_information,
                "total_correlation": parts.total_correlation,
                "dimension_wise_kl": parts.dimension_wise_kl,
            }
        divergences = losses.kl_to_standard_normal(mean, log_variance)
        divergence = divergences.sum(1).mean()
        weighed = divergence
        if self.free_bits:
            weighed = losses.free_bits(divergences, self.free_bits)
        return {
            "loss": reconstruction + share * self.beta * weighed,
            "reconstruction": reconstruction,
            "kl": divergence,
        }

    def _modelled(self, images: Tensor) -> Tensor:
        """Return the images that the likelihood is of: binary draws with ``binarize``."""
        return (torch.rand_like(images) < images).float() if self.binarize else images

    def _importance_weighted(self, images: Tensor, labels: Tensor | None) -> Terms:
        mean, log_variance = self.posterior(images, labels)
        weights = self._log_weights(*self._repeated(mean, log_variance, images, labels))
        weights = weights.view(-1, self.samples)
        return {
            "loss": losses.importance_weighted(weights).mean(),
            "negative_elbo": -weights.mean(),
        }

    def _log_weights(
        self, mean: Tensor, log_variance: Tensor, images: Tensor, labels: Tensor | None
    ) -> Tensor:
        noise = torch.randn_like(mean)
        latents = mean + (0.5 * log_variance).exp() * noise
        log_posterior = -0.5 * (noise.square() + log_variance + losses.LOG_TWO_PI).sum(1)
        log_ratio = self.density.log_density(latents) - log_posterior
        return log_ratio - self._negative_log_likelihood(latents, images, labels)

    def _repeated(
        self, mean: Tensor, log_variance: Tensor, images: Tensor, labels: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Repeat each row ``samples`` times; copies of a row are adjacent."""
        mean, log_variance, images = (
            values.repeat_interleave(self.samples, 0) for values in (mean, log_variance, images)
        )
        repeated = None if labels is None else labels.repeat_interleave(self.samples, 0)
        return mean, log_variance, images, repeated

    def _warm(self) -> float | Tensor:
        """Return the warm-up factor of the divergence, and count a step."""
        if not self.warmup:
            return 1.0
        steps = self.get_buffer("steps")
        share = (steps / self.warmup).clamp(max=1.0)
        steps.add_(1)
        return share

    def _negative_log_likelihood(
        self, latents: Tensor, images: Tensor, labels: Tensor | None = None
    ) -> Tensor:
        """Return −log p(x|z), (B,), in nats."""
        outputs = self.decoder(latents, *self.conditioning(labels)).float()
        if not self.likelihood.scaled:
            return self.likelihood.nll(outputs, images, 1.0)
        return self.likelihood.nll(outputs, images, lambda means: self._scale(means, images))

    def _scale(self, means: Tensor, images: Tensor) -> float | Tensor:
        """Return the likelihood's scale, in units of the pixel range."""
        if isinstance(self.scale, float):
            return self.scale
        if self.scale == "learned":
            return losses.bounded_log_scale(self.log_scale).exp()
        kept = self.get_buffer("kept_variance")
        if self.training:
            optimal = self.likelihood.optimal_variance
            assert optimal is not None, "contradictions refuse it"
            variance = optimal(means, images)
            kept.lerp_(variance.detach(), MOMENTUM)
            return variance.sqrt()
        return kept.sqrt()


def _named(able: Callable[[losses.Likelihood], bool]) -> str:
    """Return the names of the likelihoods that satisfy a condition, joined by "or"."""
    return " or ".join(name for name, one in losses.LIKELIHOODS.items() if able(one))
