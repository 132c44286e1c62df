"""The autoregressive model: pixels one after another, with an exact likelihood."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels import losses
from genmodels.config.number_types import Count
from genmodels.data.images import Batch
from genmodels.models.base import Model, Phase, Terms
from genmodels.networks import Causal, KeysAndValues, Transformer

TOP = losses.LEVELS - 1


class Autoregressive(Model):
    """Pixel Recurrent Neural Networks (van den Oord et al., 2016),
    https://arxiv.org/abs/1601.06759.

    p(x) = Π p(x_i | x_1 … x_{i−1}) (equation 1), by a transformer as in Image Transformer
    (Parmar et al., 2018). The image is read patch by patch. The transformer gives features for
    each patch, conditioned on the patches before it. Within a patch, a masked layer (Germain et
    al., MADE, 2015, equation 9) conditions each pixel on those before it. So the likelihood is
    exact, and the sequence is much shorter than one of pixels.

    A latent has one standard normal number for each pixel. Its cumulative probability selects
    the pixel's level, so sampling is a function of the latent. The latents of an image are
    intervals, one for each pixel; encoding returns their midpoints in probability.

    Args:
        image_shape: (C, H, W).
        network: a causal network, conditioned on the patches before.
        patch: side of a patch, in pixels.
        hidden: units of each pixel in the masked layer.
        pixels: ``levels`` or ``binary``. ``levels`` models 256 levels, each pixel as a mixture
            of logistic densities (Salimans et al., PixelCNN++, 2017, section 2.1). ``binary``
            draws pixels as 0 or 1 at each step, with the grey value as the probability of 1.
        mixtures: the number of logistic densities for each pixel of ``levels``; 10 as in their
            section 3.
        conditional: whether the network is conditioned on the label.
        class_shares: the share of each class in the training images.
    """

    exact = True

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        network: Causal = Transformer(),
        patch: Count = 4,
        hidden: Count = 32,
        pixels: Literal["binary", "levels"] = "levels",
        mixtures: Count = 10,
        conditional: bool = False,
        class_shares: Sequence[float] = (),
    ):
        channels, height, width = image_shape
        super().__init__(image_shape, channels * height * width, conditional, class_shares)
        self.patch, self.pixels = patch, pixels
        self.below, self.right = -height % patch, -width % patch
        self.rows, self.columns = (height + self.below) // patch, (width + self.right) // patch
        inside = channels * patch**2
        outputs = 1 if pixels == "binary" else 3 * mixtures
        self.places = network.causal(self.rows * self.columns, inside, inside * hidden,
                                     self.num_classes)  # fmt: skip
        self.inside = _Masked(inside, hidden, outputs)

    def phases(self) -> list[Phase]:
        """Return one phase: the likelihood."""
        return [Phase("likelihood", self, self._objective)]

    @torch.no_grad()
    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode standard normal latents: (B, latent_dim) → images (B, C, H, W) in [0, 1]."""
        return self._draw(latents.view(-1, *self.image_shape), labels)

    @torch.no_grad()
    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Encode images: (B, C, H, W) in [0, 1] → latents (B, latent_dim).

        Each pixel is rounded to the nearest level. The latents are the midpoints of the intervals
        that decode to the image. A pixel whose probability is below about 1e-7 may decode to
        another level.
        """
        return self._latents(images, labels, 0.5)

    @torch.no_grad()
    def infer(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Draw latents that decode to the images: (B, C, H, W) in [0, 1] → (B, latent_dim).

        Rounding is the same as for :meth:`encode`.
        """
        return self._latents(images, labels, torch.rand(images.shape, device=images.device))

    def log_weights(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return log p(x), (B,), in nats. It is exact."""
        levels = self._levels(images)
        log_probability = self._log_probability(self._outputs(levels, labels), levels)
        return self._to_image(log_probability).flatten(1).sum(1)

    def validation_metrics(self, batch: Batch) -> Terms:
        """Return ``nll``, which is −log p(x), in nats per image."""
        return {"nll": self._objective(batch)["loss"]}

    def _objective(self, batch: Batch) -> Terms:
        images = batch.images
        if self.pixels == "binary":
            images = (torch.rand_like(images) < images).float()
        return {"loss": -self.log_weights(images, batch.labels).mean()}

    def _latents(self, images: Tensor, labels: Tensor | None, share: float | Tensor) -> Tensor:
        """Return latents that decode to the images, (B, latent_dim).

        A pixel's level corresponds to an interval of cumulative probability. ``share`` chooses the
        place in it: 0 is its upper end, 1 its lower end.
        """
        levels = self._levels(images)
        outputs = self._outputs(levels, labels)
        highest = self._to_image(self._cumulative(outputs, levels).double())
        length = self._to_image(self._log_probability(outputs, levels).double().exp())
        chances = (highest - share * length).clamp(1e-7, 1 - 1e-7)
        return torch.special.ndtri(chances).float().flatten(1)

    def _levels(self, images: Tensor) -> Tensor:
        """Return the level of each pixel, in patches: (B, C, H, W) → (B, L, P), int64."""
        top = 1 if self.pixels == "binary" else TOP
        return self._to_patches((images * top).round()).long()

    def _values(self, levels: Tensor) -> Tensor:
        """Map levels to network inputs in [-1, 1]."""
        return levels.float() * (2 if self.pixels == "binary" else 2 / TOP) - 1

    def _outputs(self, levels: Tensor, labels: Tensor | None) -> Tensor:
        """Return the parameters of each pixel given those before it, (B, L, P, outputs)."""
        values = self._values(levels)
        features = self.places(values, *self.conditioning(labels))
        with torch.autocast(values.device.type, enabled=False):  # levels are 1/128 apart
            return self.inside(features.float(), values)

    def _log_probability(self, outputs: Tensor, levels: Tensor) -> Tensor:
        """Return log p of each pixel's level."""
        if self.pixels == "binary":
            return F.logsigmoid(outputs.squeeze(-1) * (2 * levels - 1))
        return losses.mixture_log_probability(outputs, levels)

    def _cumulative(self, outputs: Tensor, levels: Tensor) -> Tensor:
        """Return the probability of the pixel's level or a lower one."""
        if self.pixels == "binary":
            return torch.where(levels == 1, 1.0, (-outputs.squeeze(-1)).sigmoid())
        return losses.mixture_cumulative(outputs, levels)

    def _draw(self, noise: Tensor, labels: Tensor | None) -> Tensor:
        """Choose the pixels one after another, by the cumulative probabilities of the noise."""
        # (L, P, B): the chances of the images' pixels at one place are adjacent in memory
        patches = self._to_patches(noise).permute(1, 2, 0)
        chances = losses.rounded_up(torch.special.ndtr(patches.double())).contiguous()
        length, inside, count = chances.shape
        chosen = torch.zeros_like(chances)
        cache, conditioning = KeysAndValues(), self.conditioning(labels)
        within = self._to_patches(torch.ones_like(noise[:1]))[0].tolist()  # 0 in the padding
        before = torch.zeros(count, inside, device=noise.device)
        for place in range(length):
            features = self.places.next(before, cache, *conditioning) + self.inside.before.bias
            values = torch.full_like(before, -1.0)
            for pixel in range(inside):
                if not within[place][pixel]:
                    continue
                outputs = self.inside.one(features, values, pixel)
                level = self._level(outputs, chances[place, pixel])
                chosen[place, pixel] = level
                values[:, pixel] = self._values(level)
            before = values
        return self._to_image(chosen.permute(2, 0, 1)) / (1 if self.pixels == "binary" else TOP)

    def _level(self, outputs: Tensor, chances: Tensor) -> Tensor:
        """Return the lowest level whose cumulative probability is at least ``chances``, (B,)."""
        if self.pixels == "binary":
            return (chances > (-outputs.squeeze(-1)).sigmoid()).long()
        return losses.mixture_level(outputs, chances)

    def _to_patches(self, images: Tensor) -> Tensor:
        """Split images into patches, padded with zeros: (B, C, H, W) → (B, L, P)."""
        padded = F.pad(images, (0, self.right, 0, self.below))
        return F.pixel_unshuffle(padded, self.patch).flatten(2).transpose(1, 2)

    def _to_image(self, patches: Tensor) -> Tensor:
        """Join patches and crop the padding: (B, L, P) → (B, C, H, W)."""
        _, height, width = self.image_shape
        folded = patches.transpose(1, 2).unflatten(2, (self.rows, self.columns))
        return F.pixel_shuffle(folded, self.patch)[:, :, :height, :width]


class _Masked(nn.Module):
    """A masked layer that conditions each pixel of a patch on the pixels before it."""

    def __init__(self, pixels: int, hidden: int, outputs: int):
        super().__init__()
        self.shape = (pixels, hidden)
        self.before = nn.Linear(pixels, pixels * hidden)
        self.out = nn.Parameter(torch.randn(pixels, hidden, outputs) * hidden**-0.5)
        self.level = nn.Parameter(torch.zeros(pixels, outputs))
        mask = torch.ones(pixels, pixels).tril(-1).repeat_interleave(hidden, 0)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, features: Tensor, values: Tensor) -> Tensor:
        """Return all pixels' outputs: (B, L, P · hidden) and (B, L, P) → (B, L, P, outputs)."""
        masked = self.before.weight * self.get_buffer("mask")
        hidden = F.silu(features + F.linear(values, masked, self.before.bias))
        hidden = hidden.unflatten(-1, self.shape)
        return torch.einsum("blph,pho->blpo", hidden, self.out) + self.level

    def one(self, features: Tensor, values: Tensor, pixel: int) -> Tensor:
        """Return one pixel's outputs: (B, P · hidden) and (B, P) → (B, outputs).

        The bias of the first layer is in the features, because it is the same for all pixels.
        """
        rows = slice(pixel * self.shape[1], (pixel + 1) * self.shape[1])
        weight = self.before.weight[rows, :pixel]
        hidden = F.silu(torch.addmm(features[:, rows], values[:, :pixel], weight.T))
        return torch.addmm(self.level[pixel], hidden, self.out[pixel])
