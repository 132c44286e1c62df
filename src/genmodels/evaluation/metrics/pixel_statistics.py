"""Statistics of pixels: sharpness and isolated dots."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

BRIGHT, DARK = 0.5, 0.2  # a dot is brighter, its neighbours are darker; of the pixel range


def sharpness(images: Tensor) -> float:
    """Return the mean over images of the variance of the Laplacian; larger is sharper.

    Pech-Pacheco et al. (2000). Noise counts as sharp.

    Args:
        images: (N, C, H, W) in [0, 1], at least 3x3.
    """
    kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]]).view(1, 1, 3, 3)
    response = F.conv2d(_grey(images), kernel)
    return response.flatten(1).var(1).mean().item()


def isolated_dots(images: Tensor) -> float:
    """Return the mean number of isolated white dots per image.

    A dot is a pixel above ``BRIGHT`` whose eight neighbours are at most ``DARK``.

    Args:
        images: (N, C, H, W) in [0, 1].
    """
    grey = F.pad(_grey(images), (1, 1, 1, 1))
    around = torch.ones(1, 1, 3, 3)
    around[0, 0, 1, 1] = 0
    bright_neighbours = F.conv2d((grey > DARK).float(), around)
    dots = (grey[..., 1:-1, 1:-1] > BRIGHT) & (bright_neighbours == 0)
    return dots.flatten(1).sum(1).float().mean().item()


def _grey(images: Tensor) -> Tensor:
    return images.float().mean(1, keepdim=True)


def of_blocks(blocks: Iterable[Tensor]) -> dict[str, float]:
    """Return the mean sharpness and isolated_dots over all images, which come in blocks.

    Args:
        blocks: (B, C, H, W) each.
    """
    totals, count = {"sharpness": 0.0, "isolated_dots": 0.0}, 0
    for block in blocks:
        totals["sharpness"] += sharpness(block) * len(block)
        totals["isolated_dots"] += isolated_dots(block) * len(block)
        count += len(block)
    return {name: total / count for name, total in totals.items()}
