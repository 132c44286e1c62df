"""The network of the domain features and of the random features."""

from torch import Tensor, nn

WIDTHS = (16, 32, 64, 64)  # feature maps; the last are the features: 60,000 weights, 240 kB


class FeatureNet(nn.Module):
    """Four levels of 3x3 convolution, batch normalisation and ReLU, averaged over space.

    Args:
        channels: of the images.
        outputs: the number of classes.
    """

    def __init__(self, channels: int, outputs: int):
        super().__init__()
        self.channels, self.outputs = channels, outputs
        levels: list[nn.Module] = []
        inputs = channels
        for depth, width in enumerate(WIDTHS):
            stride = 2 if depth else 1
            levels.append(nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False))
            levels += [nn.BatchNorm2d(width), nn.ReLU()]
            inputs = width
        self.body = nn.Sequential(*levels)
        self.head = nn.Linear(inputs, outputs)

    def features(self, images: Tensor) -> Tensor:
        """Return features: (B, C, H, W) in [0, 1] → (B, 64)."""
        return self.body(images - 0.5).mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits: (B, C, H, W) in [0, 1] → (B, outputs)."""
        return self.head(self.features(images))
