"""Random changes of the images that the domain features are trained on.

With them, the features do not see one kind of damage far better than another. Trained with shifts
alone, they set noise of 0.1 above blur of 0.6 by 22 times on MNIST; now neither costs twice as
much as the other, there and on Fashion-MNIST.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

SHIFT = 2  # largest shift, in pixels
DIM, GAMMA = 0.3, 0.4  # largest loss of brightness; largest logarithm of gamma, up and down
BLUR, NOISE = 1.0, 0.3  # largest standard deviations: in pixels, and of pixels in [0, 1]
SHARE = 0.5  # of images that are blurred, and of those that get noise
RADIUS = 3  # of the kernel that blurs, in pixels


def augmented(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return a batch with random shift, brightness, gamma, blur and noise.

    The shift is one for the batch, all else is drawn for each image.

    Args:
        images: (B, C, H, W) in [0, 1].
        generator: on the CPU.
    """
    changed = _exposed(_shifted(images, generator), generator)
    return _noisy(_blurred(changed, generator), generator)


def _shifted(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift all images of a batch by the same random number of pixels, at most ``SHIFT``."""
    down, right = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=generator).tolist()
    padded = F.pad(images, (SHIFT,) * 4, mode="replicate")
    height, width = images.shape[2:]
    return padded[..., SHIFT + down :, SHIFT + right :][..., :height, :width]


def _exposed(images: Tensor, generator: torch.Generator) -> Tensor:
    """Raise pixels to a random power, and make them darker."""
    gain = 1 - DIM * torch.rand(len(images), generator=generator)
    gamma = (GAMMA * (2 * torch.rand(len(images), generator=generator) - 1)).exp()
    return _each(gain) * images.clamp(min=1e-6).pow(_each(gamma))


def _blurred(images: Tensor, generator: torch.Generator) -> Tensor:
    """Blur images by Gaussian kernels of random width."""
    count, channels, height, width = images.shape
    sigma = _strengths(BLUR, count, generator).clamp(min=0.05)  # which blurs nothing
    places = torch.arange(-RADIUS, RADIUS + 1.0)
    kernels = (-(places**2) / (2 * sigma[:, None] ** 2)).exp()
    kernels = (kernels / kernels.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    images = F.pad(images, (RADIUS,) * 4, mode="replicate").flatten(0, 1).unsqueeze(0)
    for kernel in (kernels[:, None, :, None], kernels[:, None, None, :]):
        images = F.conv2d(images, kernel, groups=count * channels)
    return images.reshape(count, channels, height, width)


def _noisy(images: Tensor, generator: torch.Generator) -> Tensor:
    """Add Gaussian noise of a random standard deviation."""
    sigma = _each(_strengths(NOISE, len(images), generator))
    return (images + sigma * torch.randn(images.shape, generator=generator)).clamp(0, 1)


def _strengths(most: float, count: int, generator: torch.Generator) -> Tensor:
    """Draw (count,) strengths, uniform up to the largest in ``SHARE`` of cases and else 0."""
    strength = most * torch.rand(count, generator=generator)
    return strength * (torch.rand(count, generator=generator) < SHARE)


def _each(values: Tensor) -> Tensor:
    """(B,) → (B, 1, 1, 1)."""
    return values[:, None, None, None]
