"""Class conditioning of encoders and decoders.

Without classes, the functions return the plain networks. A model calls
``network(images, *labels)`` in both cases.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels.networks.interfaces import Network

FEATURES = 128  # of a projection discriminator; Miyato & Koyama (2018), figure 14


def encoder(
    network: Network,
    image_shape: tuple[int, int, int],
    features: int,
    num_classes: int = 0,
    dropout: float = 0.0,
) -> nn.Module:
    """Build an encoder: (B, C, H, W) and, with classes, (B,) labels → (B, features)."""
    if num_classes == 0:
        return network.encoder(image_shape, features, dropout)
    return _ConcatChannel(network, image_shape, features, num_classes, dropout)


def decoder(
    network: Network, latent_dim: int, image_shape: tuple[int, int, int], num_classes: int = 0
) -> nn.Module:
    """Build a decoder: (B, latent_dim) and, with classes, (B,) labels → (B, C, H, W), unbounded."""
    if num_classes == 0:
        return network.decoder(latent_dim, image_shape)
    return _ConcatOneHot(network, latent_dim, image_shape, num_classes)


def autoencoder(
    network: Network, image_shape: tuple[int, int, int], latent_dim: int, num_classes: int = 0
) -> nn.Module:
    """Build an autoencoder: (B, C, H, W) and, with classes, (B,) labels → images and codes.

    The images are (B, C, H, W), unbounded, and the codes (B, latent_dim).
    """
    return _ConditionalAutoencoder(
        encoder(network, image_shape, latent_dim, num_classes),
        decoder(network, latent_dim, image_shape, num_classes),
    )


def projection(
    network: Network, image_shape: tuple[int, int, int], num_classes: int, dropout: float = 0.0
) -> nn.Module:
    """Build a projection discriminator: (B, C, H, W) and (B,) labels → logits (B, 1).

    Miyato & Koyama, cGANs with Projection Discriminator (2018), equation 4.
    """
    return _Projection(network, image_shape, num_classes, dropout)


class _ConditionalAutoencoder(nn.Module):
    def __init__(self, encoder: nn.Module, decoder: nn.Module):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, images: Tensor, *labels: Tensor) -> tuple[Tensor, Tensor]:
        codes = self.encoder(images, *labels)
        return self.decoder(codes, *labels), codes


class _ConcatChannel(nn.Module):
    """An encoder with one more input channel, a learnt embedding of the class.

    The embedding is as large as the image; after Mirza & Osindero, Conditional Generative
    Adversarial Nets (2014), figure 1.
    """

    def __init__(
        self,
        network: Network,
        image_shape: tuple[int, int, int],
        features: int,
        num_classes: int,
        dropout: float,
    ):
        super().__init__()
        channels, height, width = image_shape
        self.plane = nn.Embedding(num_classes, height * width)
        self.network = network.encoder((channels + 1, height, width), features, dropout)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        plane = self.plane(labels).view(-1, 1, *images.shape[2:])
        return self.network(torch.cat([images, plane.to(images.dtype)], 1))


class _ConcatOneHot(nn.Module):
    """A decoder of the latents concatenated with the one-hot class; Mirza & Osindero, figure 1."""

    def __init__(
        self,
        network: Network,
        latent_dim: int,
        image_shape: tuple[int, int, int],
        num_classes: int,
    ):
        super().__init__()
        self.num_classes = num_classes
        self.network = network.decoder(latent_dim + num_classes, image_shape)

    def forward(self, latents: Tensor, labels: Tensor) -> Tensor:
        return self.network(torch.cat([latents, one_hot(labels, self.num_classes)], 1))


class _Projection(nn.Module):
    def __init__(
        self,
        network: Network,
        image_shape: tuple[int, int, int],
        num_classes: int,
        dropout: float,
    ):
        super().__init__()
        self.network = network.encoder(image_shape, FEATURES, dropout)
        self.logit = nn.Linear(FEATURES, 1)
        self.classes = nn.Embedding(num_classes, FEATURES)

    def forward(self, images: Tensor, labels: Tensor) -> Tensor:
        features = F.relu(self.network(images))
        return self.logit(features) + (self.classes(labels) * features).sum(1, keepdim=True)


def one_hot(labels: Tensor, num_classes: int) -> Tensor:
    """Encode labels as one-hot vectors: (B,) → (B, num_classes), float32.

    Unlike PyTorch's function, it reads no value back from the device.
    """
    return (labels.unsqueeze(1) == torch.arange(num_classes, device=labels.device)).float()
