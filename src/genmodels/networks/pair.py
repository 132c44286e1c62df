"""An encoder and a decoder that are not each other's mirror image."""

from dataclasses import dataclass

from torch import nn

from genmodels.networks.interfaces import Network


@dataclass(frozen=True)
class Pair:
    """The encoder of one network and the decoder of another.

    A generator is often wider than its discriminator, or has batch normalisation where a critic
    must not have it: Gulrajani et al., Improved Training of Wasserstein GANs (2017), section 4.

    Attributes:
        encoding: the network whose encoder is used, such as for a discriminator.
        decoding: the network whose decoder is used, such as for a generator.
    """

    encoding: Network
    decoding: Network

    def encoder(
        self, image_shape: tuple[int, int, int], features: int, dropout: float = 0.0
    ) -> nn.Module:
        """Build an encoder: (B, C, H, W) → (B, features)."""
        return self.encoding.encoder(image_shape, features, dropout)

    def decoder(self, latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
        """Build a decoder: (B, latent_dim) → (B, C, H, W), unbounded."""
        return self.decoding.decoder(latent_dim, image_shape)
