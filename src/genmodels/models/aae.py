"""The adversarial autoencoder: an adversarial loss makes codes follow the prior."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.config.number_types import Count
from genmodels.data.images import Batch
from genmodels.models.base import Phase, Terms
from genmodels.models.density import COMPONENTS, Coder, Sampler
from genmodels.networks import MLP, Dense, Network, labels


class AAE(Coder):
    """Adversarial Autoencoders (Makhzani et al., 2016), https://arxiv.org/abs/1511.05644.

    Each step has three phases (section 2). Encoder and decoder minimise the squared error. A
    discriminator learns to distinguish draws of N(0, I) from codes. The encoder learns to fool
    it, with the non-saturating loss.

    Args:
        image_shape: (C, H, W).
        latent_dim: size of the code.
        network: the encoder, which is deterministic; the decoder is its mirror image.
        discriminator: of codes, fully connected; 1000-1000 in their appendix A.
        sampler, components: the density that latents are drawn from, and the number of components
            of ``gmm``; as for :class:`~genmodels.models.vae.VAE`.
        conditional: whether decoder (section 4) and encoder are conditioned on the label.
        class_shares: the share of each class in the training images.
    """

    former_settings = (("judge", "discriminator"),)

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Count = 16,
        network: Network = MLP((512, 256)),
        discriminator: Dense = MLP((256, 256), "leaky_relu"),
        sampler: Sampler = "prior",
        components: Count = COMPONENTS,
        conditional: bool = False,
        class_shares: Sequence[float] = (),
    ):
        super().__init__(image_shape, latent_dim, sampler, components, conditional, class_shares)
        classes = self.num_classes
        self.coder = nn.ModuleDict(
            {
                "encoder": labels.encoder(network, image_shape, latent_dim, classes),
                "decoder": labels.decoder(network, latent_dim, image_shape, classes),
            }
        )
        self.discriminator = discriminator.dense(latent_dim, 1)
        self.adversarial = losses.ADVERSARIAL["non_saturating"]

    def phases(self) -> list[Phase]:
        """Return the phases: reconstruction, then the adversarial game on codes."""
        return [
            Phase("reconstruction", self.coder, self._reconstruction),
            Phase("discriminator", self.discriminator, self._discriminator_objective),
            Phase("regularization", self.coder["encoder"], self._regularization),
        ]

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Encode images: (B, C, H, W) → codes (B, latent_dim)."""
        return self.coder["encoder"](images, *self.conditioning(labels))

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode codes: (B, latent_dim) → images (B, C, H, W) in [0, 1]."""
        return self.coder["decoder"](latents, *self.conditioning(labels)).sigmoid()

    def validation_metrics(self, batch: Batch) -> Terms:
        """Return ``squared_error`` per image, summed over pixels."""
        return {"squared_error": self._reconstruction(batch)["loss"]}

    def sampling_module(self) -> nn.Module:
        """Return the decoder."""
        return self.coder["decoder"]

    def _discriminate(self, codes: Tensor) -> Tensor:
        return self.discriminator(codes).float()

    def _reconstruction(self, batch: Batch) -> Terms:
        images = self.decode(self.encode(batch.images, batch.labels), batch.labels)
        return {"loss": losses.squared_error(images.float(), batch.images).mean()}

    def _discriminator_objective(self, batch: Batch) -> Terms:
        with torch.no_grad():
            codes = self.encode(batch.images, batch.labels)
        drawn = torch.randn_like(codes)
        real, fake = self.adversarial.discriminator(
            self._discriminate(drawn), self._discriminate(codes)
        )
        return {"loss": real + fake, "real": real, "fake": fake}

    def _regularization(self, batch: Batch) -> Terms:
        logits = self._discriminate(self.encode(batch.images, batch.labels))
        return {"loss": self.adversarial.generator(logits, logits)}
