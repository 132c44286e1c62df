"""Adversarial losses of discriminators and generators, as functions of logits."""

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
    """The losses of both sides of an adversarial game.

    Attributes:
        discriminator: logits of real and of generated images, (B, 1) each → one scalar for the
            real and one for the generated images. The discriminator minimises their sum.
        generator: logits of generated and of real images → the scalar that it minimises.
        threshold: the logit above which an image is classified as real; None if logits only
            rank images.
        sees_real: whether the generator's loss depends on real images. If not, it is given the
            logits of the generated images as both arguments.
        of_differences: the game that :func:`relativistic` plays instead; None for this one.
        no_relativistic: why :func:`relativistic` cannot be applied; empty where it can.
    """

    discriminator: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
    generator: Callable[[Tensor, Tensor], Tensor]
    threshold: float | None = 0.0
    sees_real: bool = False
    of_differences: "Adversarial | None" = None
    no_relativistic: str = ""

    def equilibrium(self) -> dict[str, float]:
        """Return both losses for a discriminator that gives the same logit to every image.

        That logit is the threshold. Without a threshold it is unknown; then a side is left out if
        its loss depends on it.
        """

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
    """Apply the losses to *differences* of logits: is this image more real than that one?

    Jolicoeur-Martineau, The relativistic discriminator (2019). ``paired`` subtracts the logit
    of one image of the other side (section 4.1), ``average`` the mean logit of the other side
    (section 4.2). Both sides then minimise the mean of their two terms. ``paired`` with the
    non-saturating loss is the objective of Huang et al., The GAN is dead; long live the GAN!
    (2024), equation 2.
    """
    if against == "none":
        return game
    terms = game.of_differences or game

    def differences(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        if against == "paired":
            return real - fake, fake - real
        return real - fake.mean(), fake - real.mean()

    def discriminator(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        above, below = terms.discriminator(*differences(real, fake))
        return above / 2, below / 2

    def generator(fake: Tensor, real: Tensor) -> Tensor:
        return sum(discriminator(fake, real), torch.zeros((), device=fake.device))

    return Adversarial(discriminator, generator, threshold=None, sees_real=True)


def _separate(
    real: Game,
    fake: Game,
    generator: Game,
    threshold: float | None = 0.0,
    of_differences: Adversarial | None = None,
    no_relativistic: str = "",
) -> Adversarial:
    """Build losses in which each logit has a term of its own."""
    return Adversarial(
        lambda r, f: (real(r), fake(f)),
        lambda f, _: generator(f),
        threshold,
        of_differences=of_differences,
        no_relativistic=no_relativistic,
    )


def _log_real(logits: Tensor) -> Tensor:
    """Return −log D(x), for D = sigmoid(logits)."""
    return F.softplus(-logits).mean()


def _log_fake(logits: Tensor) -> Tensor:
    """Return −log(1 − D(x)), for D = sigmoid(logits)."""
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
    """Return the mean of −log(exp(logit) / mean of exp(logits of the batch))."""
    largest = everything.detach().max()
    return (everything - largest).exp().mean().log() + largest - logits.mean()


def _softmax_discriminator(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return _share(real, torch.cat([real, fake])), torch.zeros_like(real).mean()


def _softmax_generator(fake: Tensor, real: Tensor) -> Tensor:
    everything = torch.cat([real, fake])
    return _share(everything, everything)


_OF_DIFFERENCES = "it is a loss of differences already"
_NON_SATURATING = (
    "both sides then have one loss, and it differs from non_saturating in the generator's alone"
)

ADVERSARIAL = {
    # Goodfellow et al., Generative Adversarial Nets (2014), section 3: "rather than
    # training G to minimize log(1 − D(G(z))) we can train G to maximize log D(G(z))".
    "non_saturating": _separate(_log_real, _log_fake, _log_real),
    # The same paper, equation 1.
    "minimax": _separate(_log_real, _log_fake, _minus_log_fake, no_relativistic=_NON_SATURATING),
    # Mao et al., Least Squares Generative Adversarial Networks (2017), equation 9. Differences
    # have targets of both signs: Jolicoeur-Martineau (2019), appendix D.3.
    "least_squares": _separate(
        _halved_square(1),
        _halved_square(0),
        _halved_square(1),
        threshold=0.5,
        of_differences=_separate(_halved_square(1), _halved_square(-1), _halved_square(1)),
    ),
    # Arjovsky et al., Wasserstein GAN (2017), equations 2 and 3.
    "wasserstein": _separate(
        _minus_mean, torch.mean, _minus_mean, threshold=None, no_relativistic=_OF_DIFFERENCES
    ),
    # Lim & Ye, Geometric GAN (2017); Miyato et al., Spectral Normalization (2018), equations
    # 16 and 17.
    "hinge": _separate(_hinge(1), _hinge(-1), _minus_mean),
    # Hjelm et al., Boundary-Seeking GANs (2018), section 3.2: log D − log(1 − D) is the logit.
    "boundary_seeking": _separate(
        _log_real, _log_fake, _halved_square(0), no_relativistic=_NON_SATURATING
    ),
    # Lin, Softmax GAN (2017), equations 3 and 4, up to the constant log of the batch's size.
    "softmax": Adversarial(
        _softmax_discriminator,
        _softmax_generator,
        threshold=None,
        sees_real=True,
        no_relativistic=_OF_DIFFERENCES,
    ),
}
