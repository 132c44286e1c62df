"""The autoencoder: the basis that the report starts from, without a distribution."""

from torch import Tensor, nn

from genmodels import losses
from genmodels.data.images import Batch
from genmodels.models.base import Model, Phase, Terms
from genmodels.networks import MLP, Network


class Autoencoder(Model):
    """Encode and decode under squared error (Rumelhart, Hinton & Williams, 1986).

    Its codes follow no known distribution; samples decode standard normal latents
    nevertheless, which shows why a VAE is needed.

    Args:
        image_shape: (C, H, W).
        latent_dim: size of the code.
        network: the encoder and its mirror image, the decoder.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: int = 20,
        network: Network = MLP(),
    ):
        super().__init__(image_shape, latent_dim)
        self.encoder = network.encoder(image_shape, latent_dim)
        self.decoder = network.decoder(latent_dim, image_shape)

    def phases(self) -> list[Phase]:
        """One: reconstruct the batch."""
        return [Phase("reconstruction", self, self._terms)]

    def encode(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → codes (B, latent_dim)."""
        return self.encoder(images)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes (B, latent_dim) → (B, C, H, W) in [0, 1]."""
        return self.decoder(latents).sigmoid()

    def held_out(self, batch: Batch) -> Terms:
        """``squared_error``, summed over pixels, per image."""
        return {"squared_error": self._terms(batch)["loss"]}

    def sampling_module(self) -> nn.Module:
        """The decoder."""
        return self.decoder

    def _terms(self, batch: Batch) -> Terms:
        images = self.decode(self.encode(batch.images))
        return {"loss": losses.squared_error(images.float(), batch.images).mean()}
