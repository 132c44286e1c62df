"""Bring pictures and tables to one size and one number of channels."""

from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from genmodels.data.images import Images

LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, as PIL converts to grey
CHUNK = 2048


def fit_picture(picture: Image.Image, size: tuple[int, int], fit: str) -> Image.Image:
    """Resize to (height, width): the middle, or the whole on black. Antialiased."""
    height, width = size
    if picture.size == (width, height):
        return picture
    if fit == "pad":
        return ImageOps.pad(picture, (width, height), Image.Resampling.LANCZOS, color=0)
    return ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)


def fit_table(
    images: Images, size: int | None, channels: Literal["auto", 1, 3], fit: str
) -> Images:
    """Bring a whole table to ``size`` and ``channels``; as it is where neither is asked."""
    table = images.table
    if channels != "auto" and channels != table.shape[1]:
        table = _grey(table) if channels == 1 else table.expand(-1, 3, -1, -1).contiguous()
    if size is not None and tuple(table.shape[2:]) != (size, size):
        table = torch.cat([_resized(part, size, fit) for part in table.split(CHUNK)])
    return images if table is images.table else replace(images, table=table)


def _grey(table: Tensor) -> Tensor:
    weights = torch.tensor(LUMA).view(1, 3, 1, 1)
    parts = [(part * weights).sum(1, keepdim=True).round().byte() for part in table.split(CHUNK)]
    return torch.cat(parts)


def _resized(part: Tensor, size: int, fit: str) -> Tensor:
    arrays = part.permute(0, 2, 3, 1).squeeze(3) if part.shape[1] == 1 else part.permute(0, 2, 3, 1)
    pictures = [
        np.asarray(fit_picture(Image.fromarray(array), (size, size), fit))
        for array in np.ascontiguousarray(arrays.numpy())
    ]
    stacked = torch.from_numpy(np.stack(pictures))
    return stacked.unsqueeze(1) if stacked.dim() == 3 else stacked.permute(0, 3, 1, 2).contiguous()
