"""Conversion of a table of images to another size and number of channels."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from genmodels.data.decoding import Channels
from genmodels.data.images import Images

LUMA = (0.299, 0.587, 0.114)  # weights of red, green and blue: ITU-R BT.601, as in Pillow
CHUNK = 2048


def fit_table(images: Images, size: int | None, channels: Channels) -> Images:
    """Convert the images of a set; they are unchanged if size and channels are the same.

    Args:
        images: square, if they are resized.
        size: height and width; None keeps them.
        channels: 1 converts colour to grey, 3 repeats grey, ``auto`` keeps them.
    """
    table = images.table
    if channels != "auto" and channels != table.shape[1]:
        table = _grey(table) if channels == 1 else table.expand(-1, 3, -1, -1).contiguous()
    if size is not None and tuple(table.shape[2:]) != (size, size):
        assert table.shape[2] == table.shape[3], table.shape
        table = torch.cat([_resized(part, size) for part in table.split(CHUNK)])
    return images if table is images.table else replace(images, table=table)


def _grey(table: Tensor) -> Tensor:
    weights = torch.tensor(LUMA).view(1, 3, 1, 1)
    parts = [(part * weights).sum(1, keepdim=True).round() for part in table.split(CHUNK)]
    return torch.cat([part.byte() for part in parts])


def _resized(part: Tensor, size: int) -> Tensor:
    """Resize with the same filter as the pictures of a folder: bicubic, antialiased."""
    return functional.interpolate(part, size=(size, size), mode="bicubic", antialias=True)
