"""The model families, one file each."""

from genmodels.models.autoencoder import Autoencoder
from genmodels.models.base import Model
from genmodels.models.flow import Flow
from genmodels.models.gan import GAN
from genmodels.models.vae import VAE

__all__ = ["GAN", "VAE", "Autoencoder", "Flow", "Model"]
