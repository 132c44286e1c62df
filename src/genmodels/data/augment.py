"""Random changes of a batch that keep the content of each image.

The CPU draws the changes and the batch's device applies them. So every device sees the same
changes, and a resumed run continues with them.
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
        flip: mirror each image left to right, with probability 1/2.
        shift: largest move in pixels, in both directions; the border becomes black.
        crop: largest share to cut from the sides; the rest is enlarged to the full size.
    """

    flip: bool = False
    shift: int = 0
    crop: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.flip or self.shift or self.crop)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """Change a batch.

        Args:
            batch: on any device.
            generator: on the CPU, placed at the current step.
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
    """Move each image (B, C, H, W) down by by[0] and right by by[1] pixels."""
    height, width = images.shape[2:]
    padded = F.pad(images, (most, most, most, most))
    which = torch.arange(len(images), device=images.device)[:, None, None]
    rows = torch.arange(height, device=images.device) + most - by[0][:, None]
    columns = torch.arange(width, device=images.device) + most - by[1][:, None]
    return padded[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()


def _cropped(images: Tensor, side: Tensor, middle: Tensor) -> Tensor:
    """Enlarge the part of each image with sides of ``side`` around ``middle``, in [-1, 1]."""
    nothing = torch.zeros_like(side)
    rows = [
        torch.stack([side, nothing, middle[0]], 1),
        torch.stack([nothing, side, middle[1]], 1),
    ]
    shape = list(images.shape)
    where = F.affine_grid(torch.stack(rows, 1), shape, align_corners=False)
    return F.grid_sample(images, where, padding_mode="border", align_corners=False)
