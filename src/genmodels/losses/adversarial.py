"""Adversarial games: what a discriminator and a generator minimise, given the logits of both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Relativistic = Literal["none", "paired", "average"]
Game = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Adversarial:
    """A game.

    Attributes:
        discriminator: logits on real and on generated images, (B, 1) each → the scalars for
            the real and for the generated ones, whose sum it minimises.
        generator: logits on generated and on real images → the scalar that it minimises.
        threshold: the logit above which an image is taken for real; None where logits order
            images and decide on none.
        sees_real: whether the generator's loss depends on real images; where it does not, it
            is called with the generated ones' logits twice.
    """

    discriminator: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    generator: Callable[[Tensor, Tensor], Tensor]
    threshold: float | None = 0.0
    sees_real: bool = False

    def equilibrium(self) -> dict[str, float]:
        """The losses where the discriminator gives every image one logit because it cannot
        tell; a side whose loss depends on which logit that is, is left out unless the
        threshold says it."""

        def sides(logit: float) -> dict[str, float]:
            logits = torch.full((2, 1), logit)
            return {
                "discriminator": sum(self.discriminator(logits, logits), torch.zeros(())).item(),
                "generator": self.generator(logits, logits).item(),
            }

        if self.threshold is not None:
            return sides(self.threshold)
        one, other = sides(0.0), sides(1.0)
        return {side: loss for side, loss in one.items() if abs(loss - other[side]) < 1e-6}


def relativistic(game: Adversarial, against: Relativistic) -> Adversarial:
    """The same game about *differences* of logits: is this image more real than that one?

    Jolicoeur-Martineau, The relativistic discriminator (2019): ``paired`` subtracts the logit
    of the other side's image beside it (section 4.1), ``average`` the mean of the other
    side's (section 4.2). Both sides then minimise the mean of their two terms; ``paired``
    with the non-saturating loss is the objective of Huang et al., The GAN is dead; long live
    the GAN! (2024), equation 2.
    """
    if against == "none":
        return game

    def differences(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        if against == "paired":
            return real - fake, fake - real
        return real - fake.mean(), fake - real.mean()

    def discriminator(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        above, below = game.discriminator(*differences(real, fake))
        return above / 2, below / 2

    def generator(fake: Tensor, real: Tensor) -> Tensor:
        return sum(discriminator(fake, real), torch.zeros((), device=fake.device))

    return Adversarial(discriminator, generator, threshold=None, sees_real=True)


def _separate(
    real: Game, fake: Game, generator: Game, threshold: float | None = 0.0
) -> Adversarial:
    """A game in which every logit counts by itself."""
    return Adversarial(lambda r, f: (real(r), fake(f)), lambda f, _: generator(f), threshold)


def _log_real(logits: Tensor) -> Tensor:
    """−log D(x), for D = sigmoid(logits)."""
    return F.softplus(-logits).mean()


def _log_fake(logits: Tensor) -> Tensor:
    """−log(1 − D(x)), for D = sigmoid(logits)."""
    return F.softplus(logits).mean()


def _minus_log_fake(logits: Tensor) -> Tensor:
    return -_log_fake(logits)


def _halved_square(target: float) -> Game:
    return lambda logits: (logits - target).square().mean() / 2


def _hinge(sign: int) -> Game:
    return lambda logits: F.relu(1 - sign * logits).mean()


def _minus_mean(logits: Tensor) -> Tensor:
    return -logits.mean()


def _share(logits: Tensor, everything: Tensor) -> Tensor:
    """−log of an image's share in exp(logits) of the batch, against the mean share."""
    largest = everything.detach().max()
    return (everything - largest).exp().mean().log() + largest - logits.mean()


def _softmax_discriminator(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return _share(real, torch.cat([real, fake])), torch.zeros_like(real).mean()


def _softmax_generator(fake: Tensor, real: Tensor) -> Tensor:
    everything = torch.cat([real, fake])
    return _share(everything, everything)


_NON_SATURATING = _separate(_log_real, _log_fake, _log_real)

ADVERSARIAL = {
    # Goodfellow et al., Generative Adversarial Nets (2014), section 3: "rather than
    # training G to minimize log(1 − D(G(z))) we can train G to maximize log D(G(z))".
    "non_saturating": _NON_SATURATING,
    # The same paper, equation 1.
    "minimax": _separate(_log_real, _log_fake, _minus_log_fake),
    # Mao et al., Least Squares Generative Adversarial Networks (2017), equation 9.
    "least_squares": _separate(
        _halved_square(1), _halved_square(0), _halved_square(1), threshold=0.5
    ),
    # Arjovsky et al., Wasserstein GAN (2017), equations 2 and 3.
    "wasserstein": _separate(_minus_mean, torch.mean, _minus_mean, threshold=None),
    # Lim & Ye, Geometric GAN (2017); Miyato et al., Spectral Normalization (2018), equations
    # 16 and 17.
    "hinge": _separate(_hinge(1), _hinge(-1), _minus_mean),
    # Hjelm et al., Boundary-Seeking GANs (2018), section 3.2: log D − log(1 − D) is the logit.
    "boundary_seeking": _separate(_log_real, _log_fake, _halved_square(0)),
    # Lin, Softmax GAN (2017), equations 3 and 4, up to the constant log of the batch's size.
    "softmax": Adversarial(
        _softmax_discriminator, _softmax_generator, threshold=None, sees_real=True
    ),
}
