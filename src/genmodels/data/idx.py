"""Files in MNIST's format, read without torchvision, whose import takes longer than the files.

The format, called IDX: two zero bytes, the type of the values (8: uint8), the number of
dimensions, their sizes as big-endian integers of 4 bytes, and the values
(LeCun et al., The MNIST database of handwritten digits, 1998).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

UINT8 = b"\x00\x00\x08"

DIGITS = (
    "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six", "7 - seven",
    "8 - eight", "9 - nine",
)  # fmt: skip
CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip
HIRAGANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")


@dataclass(frozen=True)
class Split:
    """The images and labels of a split, with the attributes of torchvision's data sets.

    Attributes:
        data: (N, H, W), uint8.
        targets: (N,), uint8.
        classes: their names, as in torchvision.
    """

    data: Tensor
    targets: Tensor
    classes: Sequence[str]


def read(path: Path) -> Tensor:
    """Read a file: uint8, of any shape.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not in this format, or has another length than it says.
    """
    content = bytearray(path.read_bytes())
    start = 4 * (1 + content[3]) if len(content) > 3 else 4
    if content[:3] != UINT8 or len(content) < start:
        raise ValueError(f"{path.name} is not a file of bytes in MNIST's format")
    shape = [int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4)]
    if len(content) - start != math.prod(shape):
        raise ValueError(
            f"{path.name} has {len(content) - start:,} values, but says {math.prod(shape):,}"
        )
    return torch.frombuffer(content, dtype=torch.uint8, offset=start).view(shape)
