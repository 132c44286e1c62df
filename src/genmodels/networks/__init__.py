"""Networks know no family. An encoder maps images to features, a decoder maps latents to
images, a vector field maps images to images; a class here describes them by numbers."""

from genmodels.networks.conv import Conv
from genmodels.networks.mlp import MLP
from genmodels.networks.residual import Residual
from genmodels.networks.shapes import Network, VectorField
from genmodels.networks.unet import UNet

__all__ = ["MLP", "Conv", "Network", "Residual", "UNet", "VectorField"]
