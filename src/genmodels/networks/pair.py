"""Two networks that are not each other's mirror image."""

from dataclasses import dataclass

from torch import nn

from genmodels.networks.shapes import Network


@dataclass(frozen=True)
class Pair:
    """An encoder of one network and a decoder of another.

    Many a generator is wider than its discriminator, or has batch normalisation where a critic
    must have none: Gulrajani et al., Improved Training of Wasserstein GANs (2017), section 4.

    Attributes:
        encoding: whose encoder it has: what sees images, such as a discriminator.
        decoding: whose decoder it has: what makes images, such as a generator.
    """

    encoding: Network
    decoding: Network

    def encoder(
        self, image_shape: tuple[int, int, int], features: int, dropout: float = 0.0
    ) -> nn.Module:
        """(B, C, H, W) → (B, features)."""
        return self.encoding.encoder(image_shape, features, dropout)

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
        """(B, latent_dim) → (B, C, H, W), unbounded."""
        return self.decoding.decoder(latent_dim, image_shape)
