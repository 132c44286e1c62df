"""The variational autoencoder."""

from typing import Literal

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.data.images import Batch
from genmodels.models.base import Model, Phase, Terms
from genmodels.networks import MLP, Network


class VAE(Model):
    """Auto-Encoding Variational Bayes (Kingma & Welling, 2014), https://arxiv.org/abs/1312.6114.

    Minimises −ELBO = E_q(z|x)[−log p(x|z)] + β KL(q(z|x) ‖ N(0, I)) (equation 10, one
    sample), with z = μ + σ⊙ε and ε ~ N(0, I), in nats per image summed over pixels and
    latent dimensions, so that β means the same at every image size.

    Args:
        image_shape: (C, H, W).
        latent_dim: size of z.
        network: the encoder and its mirror image, the decoder.
        likelihood: ``bernoulli`` takes any image in [0, 1] (appendix C.1); ``gaussian`` has
            the fixed standard deviation ``scale`` (appendix C.2).
        scale: standard deviation of ``gaussian``, in units of the pixel range. Rybkin et
            al. (2021) show that 1 blurs; 0.1 is near the residual of trained models.
        beta: weight of the KL term; 1 is the ELBO, others are Higgins et al. (2017).
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 20,
        network: Network = MLP(),
        likelihood: Literal["bernoulli", "gaussian"] = "bernoulli",
        scale: float = 0.1,
        beta: float = 1.0,
    ):
        super().__init__(image_shape, latent_dim)
        self.encoder = network.encoder(image_shape, 2 * latent_dim)
        self.decoder = network.decoder(latent_dim, image_shape)
        self.likelihood = likelihood
        self.binary_pixels = likelihood == "bernoulli"
        self.scale = scale
        self.beta = beta

    def phases(self) -> list[Phase]:
        """One: the evidence lower bound."""
        return [Phase("elbo", self, self._objective)]

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) → mean and log-variance of q(z|x), each (B, latent_dim)."""
        mean, log_variance = self.encoder(images).float().chunk(2, dim=1)
        return mean, log_variance

    def encode(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → the mean of q(z|x), (B, latent_dim)."""
        return self.posterior(images)[0]

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, latent_dim) → the mean of p(x|z), (B, C, H, W) in [0, 1]."""
        return self.decoder(latents).sigmoid()

    def infer(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → latents (B, latent_dim) drawn from q(z|x)."""
        mean, log_variance = self.posterior(images)
        return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)

    def log_weights(self, images: Tensor) -> Tensor:
        """Draw log p(x|z) + log p(z) − log q(z|x), (B,), for one z for each image; Burda et al.
        (2016), equation 7. Unlike the ELBO's KL, the latter two are taken at that z."""
        mean, log_variance = self.posterior(images)
        noise = torch.randn_like(mean)
        latents = mean + (0.5 * log_variance).exp() * noise
        log_ratio = 0.5 * (noise.square() + log_variance - latents.square()).sum(1)
        return log_ratio - self._negative_log_likelihood(latents, images)

    def held_out(self, batch: Batch) -> Terms:
        """``negative_elbo`` with β = 1 whatever was trained, and its two terms, in nats per
        image, one latent for each image."""
        reconstruction, divergence = self._terms(batch)
        return {
            "negative_elbo": reconstruction + divergence,
            "reconstruction": reconstruction,
            "kl": divergence,
        }

    def sampling_module(self) -> nn.Module:
        """The decoder."""
        return self.decoder

    def _objective(self, batch: Batch) -> Terms:
        reconstruction, divergence = self._terms(batch)
        return {
            "loss": reconstruction + self.beta * divergence,
            "reconstruction": reconstruction,
            "kl": divergence,
        }

    def _terms(self, batch: Batch) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.posterior(batch.images)
        latents = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        divergence = losses.kl_to_standard_normal(mean, log_variance)
        return self._negative_log_likelihood(latents, batch.images).mean(), divergence.mean()

    def _negative_log_likelihood(self, latents: Tensor, images: Tensor) -> Tensor:
        """−log p(x|z), (B,)."""
        outputs = self.decoder(latents).float()
        if self.likelihood == "bernoulli":
            return losses.bernoulli(outputs, images)
        return losses.gaussian(outputs.sigmoid(), images, self.scale)
