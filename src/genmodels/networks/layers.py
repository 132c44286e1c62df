"""The pieces that both network shapes are built from."""

from typing import Literal

from torch import nn

Activation = Literal["relu", "leaky_relu", "silu", "tanh"]
Normalization = Literal["none", "batch"]


def activation(name: Activation) -> nn.Module:
    """An activation by name; ``leaky_relu`` has the slope 0.2 of Radford et al. (2016)."""
    layers = {
        "relu": nn.ReLU(),
        "leaky_relu": nn.LeakyReLU(0.2),
        "silu": nn.SiLU(),
        "tanh": nn.Tanh(),
    }
    return layers[name]


def normalization(name: Normalization, channels: int, dimensions: int) -> list[nn.Module]:
    """The layers that normalise features of (B, channels, …) with 0 or 2 further dimensions.

    Returns:
        An empty list for ``none``: there is no such layer then.
    """
    if name == "none":
        return []
    return [nn.BatchNorm2d(channels) if dimensions == 2 else nn.BatchNorm1d(channels)]
