"""Penalties on the gradient of a discriminator with respect to images."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Discriminator = Callable[[Tensor], Tensor]
POWER = 6  # p of the WGAN-div penalty; Wu et al. (2018), section 4.1


@dataclass(frozen=True)
class Penalty:
    """A penalty on the gradient of a discriminator D.

    Attributes:
        compute: D, real and generated images, (B, C, H, W) in [-1, 1] each → a scalar.
        norm: the ‖∇D(x)‖ at which the penalty is 0.
    """

    compute: Callable[[Discriminator, Tensor, Tensor], Tensor]
    norm: float


def squared_norms(discriminator: Discriminator, images: Tensor) -> Tensor:
    """Return ‖∇D(x)‖² at each image, (B, C, H, W) → (B,), differentiably."""
    with torch.autocast(images.device.type, enabled=False):  # squares may exceed half precision
        inputs = images.detach().float().requires_grad_()
        with torch.enable_grad():
            total = discriminator(inputs).float().sum()
            (gradients,) = torch.autograd.grad(total, inputs, create_graph=True)
        return gradients.flatten(1).square().sum(1)


def norms(discriminator: Discriminator, images: Tensor) -> Tensor:
    """Return ‖∇D(x)‖ at each image, (B,); where it is 0, its derivative is taken as 0."""
    squared = squared_norms(discriminator, images)
    return torch.where(squared > 0, squared, 1.0).sqrt() * (squared > 0)


def gradient(discriminator: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    """Return E (‖∇D(x̂)‖ − 1)², with x̂ on lines between real and generated images.

    Gulrajani et al., Improved Training of Wasserstein GANs (2017), equation 3.
    """
    return (norms(discriminator, _between(real, fake)) - 1).square().mean()


def dragan(discriminator: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    """Return E (‖∇D(x + δ)‖ − 1)² around real images.

    Kodali et al., On Convergence and Stability of GANs (2017), section 2.3. x + δ is as in their
    code: a random point on the line from an image to the same image with uniform noise of up to
    half a standard deviation.
    """
    noisy = real + 0.5 * real.std() * torch.rand_like(real)
    return (norms(discriminator, _between(real, noisy)) - 1).square().mean()


def r1(discriminator: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    """Return ½ E ‖∇D(x)‖² on real images.

    Mescheder et al., Which Training Methods for GANs do actually Converge? (2018), equation 9.
    """
    return squared_norms(discriminator, real).mean() / 2


def r2(discriminator: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    """Return ½ E ‖∇D(x)‖² on generated images; Mescheder et al. (2018), equation 10."""
    return squared_norms(discriminator, fake).mean() / 2


def divergence(discriminator: Discriminator, real: Tensor, fake: Tensor) -> Tensor:
    """Return E ‖∇D(x̂)‖⁶, with x̂ on lines between real and generated images.

    Wu et al., Wasserstein Divergence for GANs (2018), equation 7, p = 6.
    """
    return squared_norms(discriminator, _between(real, fake)).pow(POWER // 2).mean()


def _between(real: Tensor, fake: Tensor) -> Tensor:
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    return torch.lerp(fake, real, share)


PENALTIES = {
    "gradient": Penalty(gradient, norm=1),
    "dragan": Penalty(dragan, norm=1),
    "r1": Penalty(r1, norm=0),
    "r2": Penalty(r2, norm=0),
    "divergence": Penalty(divergence, norm=0),
}
