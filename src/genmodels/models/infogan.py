"""InfoGAN: a GAN with latent categories and codes that a network recovers from images."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels import losses
from genmodels.config.number_types import Count, NonNegative, Positive, Several
from genmodels.data.images import Batch
from genmodels.models.base import Model, Phase, Terms
from genmodels.networks import MLP, Network
from genmodels.networks.labels import one_hot


class InfoGAN(Model):
    """InfoGAN: Interpretable Representation Learning by Information Maximizing Generative
    Adversarial Nets (Chen et al., 2016), https://arxiv.org/abs/1606.03657.

    A latent has three parts: noise, a one-hot category, and codes uniform in [-1, 1]. Extra
    outputs of the discriminator's network predict category and codes from a generated image.
    Both sides minimise the non-saturating loss plus λ times the negative log-likelihood of the
    prediction, which bounds the mutual information (equations 5 and 6).

    Args:
        image_shape: (C, H, W).
        noise_dim: size of the noise z ~ N(0, I); 62 as in their appendix C.1.
        categories: the number of categories; 10 as in their section 7.2.
        codes: the number of codes; 2 as in their section 7.2.
        network: the discriminator; the generator is its mirror image. Images are in [-1, 1].
        weight: λ; 1 for categories (section 6). Predictions of codes have unit variance, and a
            tenth of the weight: their appendix C.1 gives codes a smaller one.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        noise_dim: Count = 62,
        categories: Several = 10,
        codes: NonNegative = 2,
        network: Network = MLP((512, 256), "leaky_relu"),
        weight: Positive = 1.0,
    ):
        super().__init__(image_shape, noise_dim + categories + codes)
        self.noise_dim, self.categories, self.codes = noise_dim, categories, codes
        self.discriminator = network.encoder(image_shape, 1 + categories + codes)
        self.generator = network.decoder(self.latent_dim, image_shape)
        self.weight = weight
        self.adversarial = losses.ADVERSARIAL["non_saturating"]

    def phases(self) -> list[Phase]:
        """Return the phases: discriminator, then generator."""
        return [
            Phase("discriminator", self.discriminator, self._discriminator_objective),
            Phase("generator", self.generator, self._generator_objective),
        ]

    def prior(self, count: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw ``count`` latents, (count, latent_dim), on the CPU."""
        return self._latents(count, torch.device("cpu"), generator)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode latents: (B, latent_dim) → images (B, C, H, W) in [0, 1]."""
        return (self.generator(latents).tanh() + 1) / 2

    def validation_metrics(self, batch: Batch) -> Terms:
        """Return ``real``, the discriminator's loss on real images that it was not trained on."""
        logits, _ = self._discriminate(batch.images)
        return {"real": self.adversarial.discriminator(logits, logits)[0]}

    @property
    def threshold(self) -> float | None:
        """The logit above which an image is classified as real."""
        return self.adversarial.threshold

    def realness(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the discriminator's logits: (B, C, H, W) in [0, 1] → (B,)."""
        return self._discriminate(images)[0].flatten()

    def equilibrium(self) -> dict[str, float]:
        """Return nothing: the prediction's loss is a part of both sides' losses."""
        return {}

    def sampling_module(self) -> nn.Module:
        """Return the generator."""
        return self.generator

    def _discriminate(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, 1) and predictions (B, categories + codes) of images."""
        outputs = self.discriminator(images * 2 - 1).float()
        return outputs[:, :1], outputs[:, 1:]

    def _latents(
        self, count: int, device: torch.device, generator: torch.Generator | None = None
    ) -> Tensor:
        """Draw latents on a device, (count, latent_dim): noise, one-hot category, codes."""
        options: dict[str, Any] = {"device": device, "generator": generator}
        noise = torch.randn(count, self.noise_dim, **options)
        rows = torch.randint(self.categories, (count,), **options)
        codes = torch.rand(count, self.codes, **options) * 2 - 1
        return torch.cat([noise, one_hot(rows, self.categories), codes], 1)

    def _information(self, guesses: Tensor, latents: Tensor) -> Tensor:
        """Return −log q(c|x) up to a constant, in nats per image."""
        targets = latents[:, self.noise_dim :]
        kinds, values = guesses[:, : self.categories], guesses[:, self.categories :]
        category = F.cross_entropy(kinds, targets[:, : self.categories])
        distance = (values - targets[:, self.categories :]).square().sum(1).mean() / 2
        return category + 0.1 * distance

    def _discriminator_objective(self, batch: Batch) -> Terms:
        latents = self._latents(len(batch.images), batch.images.device)
        with torch.no_grad():
            generated = self.decode(latents)
        real_logits, _ = self._discriminate(batch.images)
        fake_logits, guesses = self._discriminate(generated)
        real, fake = self.adversarial.discriminator(real_logits, fake_logits)
        information = self._information(guesses, latents)
        loss = real + fake + self.weight * information
        return {"loss": loss, "real": real, "fake": fake, "information": information}

    def _generator_objective(self, batch: Batch) -> Terms:
        latents = self._latents(len(batch.images), batch.images.device)
        logits, guesses = self._discriminate(self.decode(latents))
        information = self._information(guesses, latents)
        loss = self.adversarial.generator(logits, logits) + self.weight * information
        return {"loss": loss, "information": information}
