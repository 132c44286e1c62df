"""VAE-GAN: a VAE whose reconstruction error is measured in a discriminator's features."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.config.number_types import Count, Share, Weight
from genmodels.data.images import Batch
from genmodels.models.base import Phase, Terms
from genmodels.models.density import COMPONENTS, Coder, Sampler, draw
from genmodels.networks import MLP, Network, labels
from genmodels.networks.layers import Dropout

FEATURES = 128  # of the discriminator's last hidden layer, in which images are compared


class VAEGAN(Coder):
    """Autoencoding beyond pixels using a learned similarity metric (Larsen et al., 2016),
    https://arxiv.org/abs/1512.09300.

    Three networks are trained in turn (algorithm 1). Let e be half the squared distance between
    the features of an image and those of its reconstruction, in a layer of the discriminator
    (equation 7). The discriminator minimises its loss of the non-saturating game, in which
    reconstructions and samples both count as generated, half each (the paper sums them). The
    decoder minimises γ e plus its loss of the same game. The encoder minimises e + β KL.

    Args:
        image_shape: (C, H, W).
        latent_dim: size of z.
        network: the encoder and the discriminator; the decoder is its mirror image. Images are
            in [-1, 1].
        similarity: γ, weight of e for the decoder.
        beta: weight of the KL term for the encoder; 1 as in their paper.
        dropout: share of the features that are dropped before the discriminator's logit; e
            compares all features.
        sampler, components: the density that latents are drawn from, and the number of components
            of ``gmm``; as for :class:`~genmodels.models.vae.VAE`.
        conditional: whether all networks are conditioned on the label.
        class_shares: the share of each class in the training images.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Count = 32,
        network: Network = MLP((512, 256), "leaky_relu"),
        similarity: Weight = 0.1,
        beta: Weight = 1.0,
        dropout: Share = 0.0,
        sampler: Sampler = "prior",
        components: Count = COMPONENTS,
        conditional: bool = False,
        class_shares: Sequence[float] = (),
    ):
        super().__init__(image_shape, latent_dim, sampler, components, conditional, class_shares)
        classes = self.num_classes
        self.encoder = labels.encoder(network, image_shape, 2 * latent_dim, classes)
        self.decoder = labels.decoder(network, latent_dim, image_shape, classes)
        self.discriminator = nn.ModuleDict(
            {
                "features": labels.encoder(network, image_shape, FEATURES, classes),
                "dropout": Dropout(dropout),
                "logit": nn.Linear(FEATURES, 1),
            }
        )
        self.similarity, self.beta = similarity, beta
        self.adversarial = losses.ADVERSARIAL["non_saturating"]

    def phases(self) -> list[Phase]:
        """Return the phases: discriminator, decoder, encoder."""
        return [
            Phase("discriminator", self.discriminator, self._discriminator_objective),
            Phase("decoder", self.decoder, self._decoder_objective),
            Phase("encoder", self.encoder, self._encoder_objective),
        ]

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the mean of q(z|x): (B, C, H, W) → (B, latent_dim)."""
        return self._posterior(images, labels)[0]

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode latents: (B, latent_dim) → images (B, C, H, W) in [0, 1]."""
        return (self.decoder(latents, *self.conditioning(labels)).tanh() + 1) / 2

    def validation_metrics(self, batch: Batch) -> Terms:
        """Return ``kl``, ``similarity``, and ``real``, the discriminator's loss on real images."""
        mean, log_variance = self._posterior(batch.images, batch.labels)
        features, logits = self._discriminate(batch.images, batch.labels)
        reconstruction, _ = self._discriminate(self.decode(mean, batch.labels), batch.labels)
        return {
            "kl": losses.kl_to_standard_normal(mean, log_variance).sum(1).mean(),
            "similarity": _feature_distance(reconstruction, features),
            "real": self.adversarial.discriminator(logits, logits)[0],
        }

    @property
    def threshold(self) -> float | None:
        """The logit above which an image is classified as real."""
        return self.adversarial.threshold

    def realness(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the discriminator's logits: (B, C, H, W) in [0, 1] → (B,)."""
        return self._discriminate(images, labels)[1].flatten()

    def equilibrium(self) -> dict[str, float]:
        """Return the loss of a discriminator that cannot tell real from generated images.

        The decoder's loss has no known value there, because it also has the term γ e.
        """
        return {"discriminator.loss": self.adversarial.equilibrium()["discriminator"]}

    def sampling_module(self) -> nn.Module:
        """Return the decoder."""
        return self.decoder

    def _posterior(self, images: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        outputs = self.encoder(images * 2 - 1, *self.conditioning(labels))
        return losses.mean_and_log_variance(outputs)

    def _discriminate(self, images: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return features (B, FEATURES) and logits (B, 1) of images."""
        outputs = self.discriminator["features"](images * 2 - 1, *self.conditioning(labels))
        features = nn.functional.leaky_relu(outputs, 0.2)
        dropped = self.discriminator["dropout"](features)
        return features.float(), self.discriminator["logit"](dropped).float()

    def _draw(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Draw a latent for each image of a batch, and return them with the mean KL term."""
        mean, log_variance = self._posterior(batch.images, batch.labels)
        latents = draw(mean, log_variance)
        return latents, losses.kl_to_standard_normal(mean, log_variance).sum(1).mean()

    def _discriminator_objective(self, batch: Batch) -> Terms:
        labels = batch.labels
        with torch.no_grad():
            latents, _ = self._draw(batch)
            reconstruction = self.decode(latents, labels)
            generated = self.decode(torch.randn_like(latents), labels)
        _, real_logits = self._discriminate(batch.images, labels)
        fake_logits = torch.cat(
            [self._discriminate(images, labels)[1] for images in (reconstruction, generated)]
        )
        real, fake = self.adversarial.discriminator(real_logits, fake_logits)
        return {"loss": real + fake, "real": real, "fake": fake}

    def _decoder_objective(self, batch: Batch) -> Terms:
        labels = batch.labels
        with torch.no_grad():
            latents, _ = self._draw(batch)
            features, _ = self._discriminate(batch.images, labels)
        reconstruction, reconstruction_logits = self._discriminate(
            self.decode(latents, labels), labels
        )
        generated = self.decode(torch.randn_like(latents), labels)
        logits = torch.cat([reconstruction_logits, self._discriminate(generated, labels)[1]])
        similarity, game = (
            _feature_distance(reconstruction, features),
            self.adversarial.generator(logits, logits),
        )
        return {
            "loss": self.similarity * similarity + game,
            "similarity": similarity,
            "game": game,
        }

    def _encoder_objective(self, batch: Batch) -> Terms:
        with torch.no_grad():
            features, _ = self._discriminate(batch.images, batch.labels)
        latents, divergence = self._draw(batch)
        reconstruction, _ = self._discriminate(self.decode(latents, batch.labels), batch.labels)
        similarity = _feature_distance(reconstruction, features)
        return {"loss": similarity + self.beta * divergence, "kl": divergence}


def _feature_distance(first: Tensor, second: Tensor) -> Tensor:
    """Return −log N(second; first, I) without its constant, the mean over the batch; equation 7."""
    return (first - second).square().sum(1).mean() / 2
