"""A model of your own in one file: a least-squares GAN of two small networks."""

from torch import Tensor

from genmodels.config.number_types import Count
from genmodels.data.images import Batch
from genmodels.models import Model
from genmodels.models.base import Phase, Terms
from genmodels.networks import MLP, Network


class TinyGAN(Model):
    """Least Squares Generative Adversarial Networks (Mao et al., 2017), equation 9.

    Args:
        image_shape: (C, H, W), given by the data.
        latent_dim: size of the noise z ~ N(0, I).
        network: the discriminator and its mirror image, the generator.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Count = 32,
        network: Network = MLP((256, 128), "leaky_relu"),
    ):
        super().__init__(image_shape, latent_dim)
        self.discriminator = network.encoder(image_shape, 1)
        self.generator = network.decoder(latent_dim, image_shape)

    def phases(self) -> list[Phase]:
        """Return the phases: discriminator, then generator, from the same batch."""
        return [
            Phase("discriminator", self.discriminator, self._discriminator_objective),
            Phase("generator", self.generator, self._generator_objective),
        ]

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(B, latent_dim) → (B, C, H, W) in [0, 1]."""
        return self.generator(latents).sigmoid()

    def _discriminator_objective(self, batch: Batch) -> Terms:
        fake = self.discriminator(self.generate(batch).detach()).square().mean()
        real = (self.discriminator(batch.images) - 1).square().mean()
        return {"loss": (real + fake) / 2, "real": real, "fake": fake}

    def _generator_objective(self, batch: Batch) -> Terms:
        return {"loss": (self.discriminator(self.generate(batch)) - 1).square().mean() / 2}
