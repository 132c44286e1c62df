"""Data augmentation: random flips, shifts and crops of the images in a batch.

Random numbers are drawn on the CPU and applied on the batch's device, so they are the same on
every device.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from genmodels.data.images import Batch


@dataclass(frozen=True)
class Augmentation:
    """Random changes of each image in a batch.

    Attributes:
        flip: whether images are mirrored left to right, with probability 1/2.
        shift: largest shift in pixels, horizontally and vertically; the border becomes black.
        crop: largest share of the height and the width to cut off; the rest is enlarged to the
            full size.
    """

    flip: bool = False
    shift: int = 0
    crop: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.flip or self.shift or self.crop)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Augment a batch.

        Args:
            batch: on any device.
            generator: on the CPU.
        """
        images = batch.images
        count, device = len(images), images.device
        if self.flip:
            chosen = torch.rand(count, generator=generator) < 0.5
            images = torch.where(chosen.to(device)[:, None, None, None], images.flip(3), images)
        if self.shift:
            by = torch.randint(-self.shift, self.shift + 1, (2, count), generator=generator)
            images = _shifted(images, by.to(device), self.shift)
        if self.crop:
            side = 1 - self.crop * torch.rand(count, generator=generator)
            middle = (2 * torch.rand(2, count, generator=generator) - 1) * (1 - side)
            images = _cropped(images, side.to(device), middle.to(device))
        return Batch(images, batch.labels)


NOTHING = Augmentation()


def _shifted(images: Tensor, by: Tensor, most: int) -> Tensor:
    """Shift each image (B, C, H, W) down by by[0] and right by by[1] pixels."""
    height, width = images.shape[2:]
    padded = F.pad(images, (most, most, most, most))
    which = torch.arange(len(images), device=images.device)[:, None, None]
    rows = torch.arange(height, device=images.device) + most - by[0][:, None]
    columns = torch.arange(width, device=images.device) + most - by[1][:, None]
    return padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def _cropped(images: Tensor, side: Tensor, middle: Tensor) -> Tensor:
    """Crop each image (B, C, H, W) and enlarge the crop to the full size.

    Args:
        side: (B,), the height and width of the crop, relative to the image.
        middle: (2, B), the centre of the crop as (x, y), in [-1, 1].
    """
    zeros = torch.zeros_like(side)
    rows = [
        torch.stack([side, zeros, middle[0]], 1),
        torch.stack([zeros, side, middle[1]], 1),
    ]
    shape = list(images.shape)
    where = F.affine_grid(torch.stack(rows, 1), shape, align_corners=False)
    return F.grid_sample(images, where, padding_mode="border", align_corners=False)
