"""Penalties on a discriminator's gradient with respect to images."""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor

Judge = Callable[[Tensor], Tensor]
Penalty = Literal["gradient", "dragan", "r1", "r2", "divergence"]
POWER = 6  # of WGAN-div's penalty; Wu et al. (2018), section 4.1


def squared_norms(judge: Judge, images: Tensor) -> Tensor:
    """‖∇ judge(x)‖² at each image, (B, C, H, W) → (B,); itself differentiable."""
    with torch.autocast(images.device.type, enabled=False):  # a square leaves half precision
        places = images.detach().float().requires_grad_()
        with torch.enable_grad():
            total = judge(places).float().sum()
            (gradients,) = torch.autograd.grad(total, places, create_graph=True)
        return gradients.flatten(1).square().sum(1)


def norms(judge: Judge, images: Tensor) -> Tensor:
    """‖∇ judge(x)‖; where it is 0, and has no derivative, the derivative is taken for 0."""
    squared = squared_norms(judge, images)
    return torch.where(squared > 0, squared, 1.0).sqrt() * (squared > 0)


def gradient(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """E (‖∇D(x̂)‖ − 1)² on lines between real and generated images; Gulrajani et al., Improved
    Training of Wasserstein GANs (2017), equation 3."""
    return (norms(judge, _between(real, fake)) - 1).square().mean()


def dragan(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """E (‖∇D(x + δ)‖ − 1)² around real images; Kodali et al., On Convergence and Stability of
    GANs (2017), section 2.3, with the δ of their code: somewhere on the way to the image with
    uniform noise of up to half a standard deviation."""
    noisy = real + 0.5 * real.std() * torch.rand_like(real)
    return (norms(judge, _between(real, noisy)) - 1).square().mean()


def r1(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """½ E ‖∇D(x)‖² on real images; Mescheder et al., Which Training Methods for GANs do
    actually Converge? (2018), equation 9."""
    return squared_norms(judge, real).mean() / 2


def r2(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """½ E ‖∇D(x)‖² on generated images; the same paper, equation 10."""
    return squared_norms(judge, fake).mean() / 2


def divergence(judge: Judge, real: Tensor, fake: Tensor) -> Tensor:
    """E ‖∇D(x̂)‖⁶ between real and generated images; Wu et al., Wasserstein Divergence for
    GANs (2018), equation 7, p = 6."""
    return squared_norms(judge, _between(real, fake)).pow(POWER // 2).mean()


def _between(real: Tensor, fake: Tensor) -> Tensor:
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    return torch.lerp(fake, real, share)


PENALTIES: Mapping[str, Callable[[Judge, Tensor, Tensor], Tensor]] = {
    "gradient": gradient,
    "dragan": dragan,
    "r1": r1,
    "r2": r2,
    "divergence": divergence,
}
