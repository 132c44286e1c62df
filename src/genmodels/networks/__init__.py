"""Networks know no family. An encoder maps images to features, a decoder maps latents to
images, a vector field maps images to images, a dense network vectors to vectors, a causal one
vectors to the next ones; a class here describes them by numbers."""

from genmodels.networks.conv import Conv
from genmodels.networks.mlp import MLP
from genmodels.networks.pair import Pair
from genmodels.networks.residual import Residual
from genmodels.networks.shapes import Causal, Dense, KeysAndValues, Network, Ordered, VectorField
from genmodels.networks.transformer import Transformer
from genmodels.networks.unet import UNet

__all__ = [
    "MLP",
    "Causal",
    "Conv",
    "Dense",
    "KeysAndValues",
    "Network",
    "Ordered",
    "Pair",
    "Residual",
    "Transformer",
    "UNet",
    "VectorField",
]
