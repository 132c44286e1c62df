"""A small U-Net from images to images, conditioned on a time and a label."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels.config.number_types import Count, NonNegative
from genmodels.networks.layers import ORDER, Resize, Size, normalization, pyramid
from genmodels.networks.timed import Timed

WIDER = 4  # embedding of time and label, in multiples of the width; the code of Ho et al. (2020)


@dataclass(frozen=True)
class UNet:
    """A U-Net without attention (Ronneberger et al., 2015).

    Its residual blocks are those of Ho et al., Denoising Diffusion Probabilistic Models (2020),
    appendix B.

    Attributes:
        width: channels of the outermost level; each further level has twice as many.
        depth: levels below the outermost; each halves height and width, rounding up.
        blocks: residual blocks of each level, on the way down and on the way up.
        patch: side of the squares of pixels that form one position of the outermost level, as
            in Dosovitskiy et al. (2021); 1 makes every pixel a position.
    """

    width: Count = 32
    depth: NonNegative = 2
    blocks: Count = 1
    patch: Count = 1

    def vector_field(self, image_shape: tuple[int, int, int], num_classes: int = 0) -> nn.Module:
        """Build the network: images, times and, with classes, labels → velocities (B, C, H, W).

        Images are (B, C, H, W), times (B,) in [0, 1], and labels (B,).

        Raises:
            InputError: the image is too small for so many levels.
        """
        return _UNet(self, image_shape, num_classes)


class _UNet(Timed):
    def __init__(self, shape: UNet, image_shape: tuple[int, int, int], num_classes: int):
        embedding_dim = WIDER * shape.width
        super().__init__(embedding_dim, num_classes)
        channels, height, width = image_shape
        self.patch = shape.patch
        self.below, self.right = -height % self.patch, -width % self.patch
        pixels = channels * self.patch**2
        remedy = "the network a smaller depth"
        sizes = pyramid(image_shape, shape.depth, remedy, self.patch)
        self.first = nn.Conv2d(pixels, shape.width, 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        inputs, kept = shape.width, [shape.width]
        for level in range(len(sizes)):
            outputs = shape.width * 2**level
            for _ in range(shape.blocks):
                self.down.append(_ResBlock(inputs, outputs, embedding_dim))
                inputs = outputs
                kept.append(outputs)
            if level < shape.depth:
                self.down.append(_Downsample(inputs))
                kept.append(inputs)
        self.middle = _ResBlock(inputs, inputs, embedding_dim)
        for level in range(shape.depth, -1, -1):
            outputs = shape.width * 2**level
            for _ in range(shape.blocks + 1):
                self.up.append(_ResBlock(inputs + kept.pop(), outputs, embedding_dim))
                inputs = outputs
            if level > 0:
                self.up.append(_Upsample(inputs, sizes[level - 1]))
        self.last = nn.Sequential(
            *normalization("group", inputs, 2), nn.SiLU(), nn.Conv2d(inputs, pixels, 3, padding=1)
        )
        for parameter in self.last[-1].parameters():
            nn.init.zeros_(parameter)  # the initial output is 0, as in the code of Ho et al.

    def forward(self, images: Tensor, times: Tensor, labels: Tensor | None = None) -> Tensor:
        embedding = self.embedding(times, labels)
        height, width = images.shape[2:]
        padded = F.pad(images, (0, self.right, 0, self.below), mode="replicate")
        patches = F.pixel_unshuffle(padded, self.patch)
        hidden = self.first(patches.contiguous(memory_format=ORDER))
        kept = [hidden]
        for layer in self.down:
            hidden = layer(hidden, embedding)
            kept.append(hidden)
        hidden = self.middle(hidden, embedding)
        for layer in self.up:
            if isinstance(layer, _ResBlock):
                hidden = torch.cat([hidden, kept.pop()], 1)
            hidden = layer(hidden, embedding)
        return F.pixel_shuffle(self.last(hidden), self.patch)[:, :, :height, :width]


class _ResBlock(nn.Module):
    """A residual block that adds a projection of the embedding to every position."""

    def __init__(self, inputs: int, outputs: int, embedding_dim: int):
        super().__init__()
        self.first = nn.Sequential(
            *normalization("group", inputs, 2), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        # Projects the embedding. The attribute's name is a key of saved checkpoints.
        self.told = nn.Sequential(nn.SiLU(), nn.Linear(embedding_dim, outputs))
        self.second = nn.Sequential(
            *normalization("group", outputs, 2),
            nn.SiLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )
        same = inputs == outputs
        self.skip = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, images: Tensor, embedding: Tensor) -> Tensor:
        hidden = self.first(images) + self.told(embedding)[:, :, None, None]
        return self.skip(images) + self.second(hidden)


class _Downsample(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, images: Tensor, embedding: Tensor) -> Tensor:
        return self.convolution(images)


class _Upsample(nn.Module):
    def __init__(self, channels: int, size: Size):
        super().__init__()
        self.resize = Resize(size)
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, images: Tensor, embedding: Tensor) -> Tensor:
        return self.convolution(self.resize(images))
