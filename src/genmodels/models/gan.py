"""The generative adversarial network."""

from typing import Literal

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.data.images import Batch
from genmodels.models.base import Model, Phase, Terms
from genmodels.networks import MLP, Network
from genmodels.networks.layers import mixes_images


class GAN(Model):
    """Generative Adversarial Nets (Goodfellow et al., 2014), https://arxiv.org/abs/1406.2661.

    The discriminator learns first at each step, from the batch and as many generated
    images; the generator then learns against it with latents of its own (algorithm 1, k = 1).

    Args:
        image_shape: (C, H, W).
        latent_dim: size of the noise z ~ N(0, I).
        network: the discriminator and its mirror image, the generator. The generator's
            output passes through tanh; both see images in [-1, 1].
        loss: ``non_saturating`` or ``minimax``; see ``losses.ADVERSARIAL``.
        dropout: share of the discriminator's hidden units that are dropped, also when the
            generator learns.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 100,
        network: Network = MLP((1024, 512, 256), "leaky_relu"),
        loss: Literal["non_saturating", "minimax"] = "non_saturating",
        dropout: float = 0.0,
    ):
        super().__init__(image_shape, latent_dim)
        self.discriminator = network.encoder(image_shape, 1, dropout=dropout)
        self.generator = network.decoder(latent_dim, image_shape)
        self.adversarial = losses.ADVERSARIAL[loss]
        self.one_pass = not mixes_images(self.discriminator)

    def phases(self) -> list[Phase]:
        """Discriminator, then generator."""
        return [
            Phase("discriminator", self.discriminator, self._discriminator_objective),
            Phase("generator", self.generator, self._generator_objective),
        ]

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, latent_dim) → (B, C, H, W) in [0, 1]."""
        return (self.generator(latents).tanh() + 1) / 2

    def held_out(self, batch: Batch) -> Terms:
        """The discriminator's loss on real images it has not seen (``real``) and the share
        it takes for real (``real_accuracy``), without dropout: far worse than on the
        training images means that it has learnt them by heart."""
        logits = self._judge(batch.images)
        return {
            "real": self.adversarial.real(logits),
            "real_accuracy": (logits > 0).float().mean(),
        }

    def realness(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] → the discriminator's logits (B,)."""
        return self._judge(images).flatten()

    def equilibrium(self) -> dict[str, float]:
        """The losses of a discriminator that cannot tell: logits of 0 everywhere
        (Goodfellow et al., 2014, theorem 1)."""
        undecided = torch.zeros(1)
        real, fake = self.adversarial.real(undecided), self.adversarial.fake(undecided)
        generator = self.adversarial.generator(undecided)
        return {
            "discriminator.loss": (real + fake).item(),
            "generator.loss": generator.item(),
        }

    def sampling_module(self) -> nn.Module:
        """The generator."""
        return self.generator

    def _judge(self, images: Tensor) -> Tensor:
        return self.discriminator(images * 2 - 1).float()

    def _generate(self, like: Tensor) -> Tensor:
        return self.decode(torch.randn(len(like), self.latent_dim, device=like.device))

    def _discriminator_objective(self, batch: Batch) -> Terms:
        with torch.no_grad():
            generated = self._generate(batch.images)
        if self.one_pass:
            real_logits, fake_logits = self._judge(torch.cat([batch.images, generated])).chunk(2)
        else:  # statistics of a batch are of real images or of generated ones, never of both
            real_logits, fake_logits = self._judge(batch.images), self._judge(generated)
        real, fake = self.adversarial.real(real_logits), self.adversarial.fake(fake_logits)
        return {"loss": real + fake, "real": real, "fake": fake}

    def _generator_objective(self, batch: Batch) -> Terms:
        return {"loss": self.adversarial.generator(self._judge(self._generate(batch.images)))}
