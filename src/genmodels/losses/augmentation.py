"""Differentiable augmentation of a discriminator's inputs.

Zhao et al., Differentiable Augmentation for Data-Efficient GAN Training (2020), section 3.2.
Real and generated images are augmented alike, in both sides' losses, so the generator does
not learn the augmentation.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

MOVED = 0.125  # largest translation, as a share of the side; their appendix A
CUT = 0.5  # side of a cutout, as a share of the image's; their appendix A


def augment(images: Tensor, kinds: Sequence[str]) -> Tensor:
    """Augment each image at random, differentiably.

    Args:
        images: (B, C, H, W) in [-1, 1]. Translation fills with black.
        kinds: keys of :data:`AUGMENTATIONS`, in this order.

    Returns:
        (B, C, H, W); ``color`` may leave the range.
    """
    for kind in kinds:
        images = AUGMENTATIONS[kind](images)
    return images


def _uniform(images: Tensor, low: float, high: float) -> Tensor:
    """Draw one number for each image, (B, 1, 1, 1)."""
    return low + (high - low) * torch.rand(len(images), 1, 1, 1, device=images.device)


def _color(images: Tensor) -> Tensor:
    images = images + _uniform(images, -0.5, 0.5)  # brightness
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * _uniform(images, 0, 2)  # saturation
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * _uniform(images, 0.5, 1.5)  # contrast


def _translation(images: Tensor) -> Tensor:
    count, _, height, width = images.shape
    device = images.device
    far_down, far_right = (int(size * MOVED + 0.5) for size in (height, width))
    down = _integers(images, -far_down, far_down)
    right = _integers(images, -far_right, far_right)
    rows = (torch.arange(height, device=device) + 1 - down).clamp(0, height + 1)
    columns = (torch.arange(width, device=device) + 1 - right).clamp(0, width + 1)
    padded = F.pad(images + 1, (1, 1, 1, 1))  # black is 0 here, the value of the padding
    chosen = torch.arange(count, device=device).view(-1, 1, 1)
    moved = padded.permute(0, 2, 3, 1)[chosen, rows.unsqueeze(2), columns.unsqueeze(1)]
    return moved.permute(0, 3, 1, 2) - 1


def _cutout(images: Tensor) -> Tensor:
    _, _, height, width = images.shape
    inside = _inside(images, height).unsqueeze(2) & _inside(images, width).unsqueeze(1)
    return torch.where(inside.unsqueeze(1), torch.zeros_like(images), images)


def _inside(images: Tensor, size: int) -> Tensor:
    """Return the positions that a gap of half the side covers in each image, (B, size) bool."""
    gap = int(size * CUT + 0.5)
    start = _integers(images, 0, size - gap % 2) - gap // 2
    positions = torch.arange(size, device=images.device)
    return (positions >= start) & (positions < start + gap)


def _integers(images: Tensor, low: int, high: int) -> Tensor:
    """Draw one integer from low to high inclusive for each image, (B, 1)."""
    return torch.randint(low, high + 1, (len(images), 1), device=images.device)


AUGMENTATIONS = {"color": _color, "translation": _translation, "cutout": _cutout}
