"""Two network shapes, whatever the family: an encoder maps images to features, a decoder
maps latents to images. A class here describes a matching pair and builds either half."""

from genmodels.networks.conv import Conv
from genmodels.networks.mlp import MLP
from genmodels.networks.pair import Network

__all__ = ["MLP", "Conv", "Network"]
