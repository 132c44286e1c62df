"""The model families, one file each."""

from genmodels.models.aae import AAE
from genmodels.models.autoencoder import Autoencoder
from genmodels.models.autoregressive import Autoregressive
from genmodels.models.base import Model
from genmodels.models.began import BEGAN
from genmodels.models.bigan import BiGAN
from genmodels.models.ebgan import EBGAN
from genmodels.models.flow import Flow
from genmodels.models.gan import GAN
from genmodels.models.infogan import InfoGAN
from genmodels.models.vae import VAE
from genmodels.models.vaegan import VAEGAN
from genmodels.models.vqvae import VQVAE

__all__ = [
    "AAE",
    "BEGAN",
    "EBGAN",
    "GAN",
    "VAE",
    "VAEGAN",
    "VQVAE",
    "Autoencoder",
    "Autoregressive",
    "BiGAN",
    "Flow",
    "InfoGAN",
    "Model",
]
