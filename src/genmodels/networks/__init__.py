"""Networks, described by a few numbers and independent of any model family.

An encoder maps images to features, a decoder latents to images, a vector field images to
images, a dense network vectors to vectors, and a causal network a sequence of vectors to the
next ones.
"""

from genmodels.networks.conv import Conv
from genmodels.networks.interfaces import (
    Causal,
    Dense,
    KeysAndValues,
    Network,
    Ordered,
    VectorField,
)
from genmodels.networks.mlp import MLP
from genmodels.networks.pair import Pair
from genmodels.networks.residual import Residual
from genmodels.networks.residual_mlp import ResidualMLP
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
    "ResidualMLP",
    "Transformer",
    "UNet",
    "VectorField",
]
