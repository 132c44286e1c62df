"""A fully connected residual network from images to images, conditioned on a time and a label."""

import math
from dataclasses import dataclass

from torch import Tensor, nn

from genmodels.config.number_types import Count
from genmodels.networks.timed import Timed

EMBEDDING = 128  # numbers of the embedding of time and label


@dataclass(frozen=True)
class ResidualMLP:
    """A fully connected residual network of whole images.

    It is made after Li et al., Autoregressive Image Generation without Vector Quantization
    (2024), section 4.1: blocks of layer normalisation and two layers with a SiLU between them,
    shifted, scaled and gated by the embedding of the time (adaLN-Zero; Peebles & Xie, Scalable
    Diffusion Models with Transformers, 2023, section 3.2). It is for small images: its first and
    last layer grow with the number of pixels.

    Attributes:
        width: numbers between the blocks, and inside them.
        blocks: residual blocks, one after the other.
    """

    width: Count = 512
    blocks: Count = 4

    def vector_field(self, image_shape: tuple[int, int, int], num_classes: int = 0) -> nn.Module:
        """Build the network: images, times and, with classes, labels → images (B, C, H, W).

        Images are (B, C, H, W), times (B,) in [0, 1], and labels (B,).
        """
        return _ResidualMLP(self, image_shape, num_classes)


class _ResidualMLP(Timed):
    def __init__(self, shape: ResidualMLP, image_shape: tuple[int, int, int], num_classes: int):
        super().__init__(EMBEDDING, num_classes)
        pixels = math.prod(image_shape)
        self.first = nn.Sequential(nn.Flatten(), nn.Linear(pixels, shape.width))
        self.blocks = nn.ModuleList(_Block(shape.width) for _ in range(shape.blocks))
        last = nn.Linear(shape.width, pixels)
        _to_zero(last)
        self.last = nn.Sequential(nn.LayerNorm(shape.width), last, nn.Unflatten(1, image_shape))

    def forward(self, images: Tensor, times: Tensor, labels: Tensor | None = None) -> Tensor:
        embedding = self.embedding(times, labels)
        hidden = self.first(images)
        for block in self.blocks:
            hidden = block(hidden, embedding)
        output: Tensor = self.last(hidden)
        return output


class _Block(nn.Module):
    """A residual block; at first it passes its input on, because its gate is zero."""

    def __init__(self, width: int):
        super().__init__()
        self.normalization = nn.LayerNorm(width, elementwise_affine=False)
        self.layers = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        modulation = nn.Linear(EMBEDDING, 3 * width)
        _to_zero(modulation)
        self.modulation = nn.Sequential(nn.SiLU(), modulation)

    def forward(self, hidden: Tensor, embedding: Tensor) -> Tensor:
        shift, scale, gate = self.modulation(embedding).chunk(3, 1)
        return hidden + gate * self.layers(self.normalization(hidden) * (1 + scale) + shift)


def _to_zero(layer: nn.Linear) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
