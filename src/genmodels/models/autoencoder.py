"""The autoencoder, which the report starts from, and its regularised variants."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from genmodels import losses
from genmodels.config.number_types import Count, Weight
from genmodels.data.images import Batch
from genmodels.models.base import Phase, Terms
from genmodels.models.density import COMPONENTS, Coder, Sampler
from genmodels.networks import MLP, Network, labels


class Autoencoder(Coder):
    """Encode and decode under squared error (Rumelhart, Hinton & Williams, 1986).

    The distribution of its codes is unknown. By default samples decode standard normal latents
    nevertheless, and look poor: this shows why a VAE is needed. A penalty that brings the codes
    towards N(0, I), or a density fitted to them, improves the samples.

    Args:
        image_shape: (C, H, W).
        latent_dim: size of the code.
        network: the encoder; the decoder is its mirror image.
        code_weight: β of ½ β ‖z‖², which keeps codes near 0; Ghosh et al., From Variational
            to Deterministic Autoencoders (2020), equation 9.
        decoder_weight: λ of λ ‖θ‖² over the decoder's parameters; RAE-L2 in the same paper.
        mmd: λ of the maximum mean discrepancy between codes and N(0, I); Tolstikhin et al.,
            Wasserstein Auto-Encoders (2018), algorithm 2.
        sampler: the density that samples are decoded from. ``prior`` is N(0, I); ``gaussian``
            and ``gmm`` are fitted to the codes of training images after training (Ghosh et al.,
            2020, section 4).
        components: the number of components of ``gmm``.
        conditional: whether both networks are conditioned on the label.
        class_shares: the share of each class in the training images.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        latent_dim: Count = 20,
        network: Network = MLP(),
        code_weight: Weight = 0.0,
        decoder_weight: Weight = 0.0,
        mmd: Weight = 0.0,
        sampler: Sampler = "prior",
        components: Count = COMPONENTS,
        conditional: bool = False,
        class_shares: Sequence[float] = (),
    ):
        super().__init__(image_shape, latent_dim, sampler, components, conditional, class_shares)
        self.encoder = labels.encoder(network, image_shape, latent_dim, self.num_classes)
        self.decoder = labels.decoder(network, latent_dim, image_shape, self.num_classes)
        self.code_weight, self.decoder_weight, self.mmd = code_weight, decoder_weight, mmd

    @staticmethod
    def contradictions(settings: Mapping[str, Any]) -> Iterator[str]:
        """Yield a line for each pair of settings that contradict each other."""
        yield from Coder.contradictions(settings)
        if settings["mmd"] and settings["code_weight"]:
            yield "code_weight and mmd both say where codes lie; give one of them"

    @property
    def smallest_batch(self) -> int:
        """The smallest batch, in images: 2 for the discrepancy, which compares codes of a batch."""
        return 2 if self.mmd else super().smallest_batch

    def phases(self) -> list[Phase]:
        """Return one phase: reconstruction."""
        return [Phase("reconstruction", self, self._objective)]

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Encode images: (B, C, H, W) → codes (B, latent_dim)."""
        return self.encoder(images, *self.conditioning(labels))

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode codes: (B, latent_dim) → images (B, C, H, W) in [0, 1]."""
        return self.decoder(latents, *self.conditioning(labels)).sigmoid()

    def validation_metrics(self, batch: Batch) -> Terms:
        """Return ``squared_error`` per image, summed over pixels."""
        codes = self.encode(batch.images, batch.labels)
        return {"squared_error": self._squared_error(codes, batch)}

    def sampling_module(self) -> nn.Module:
        """Return the decoder."""
        return self.decoder

    def _objective(self, batch: Batch) -> Terms:
        codes = self.encode(batch.images, batch.labels).float()
        terms = {"loss": self._squared_error(codes, batch)}
        parts: Terms = {}
        if self.code_weight:
            parts["codes"] = self.code_weight * codes.square().sum(1).mean() / 2
        if self.decoder_weight:
            squares = [p.square().sum() for p in self.decoder.parameters()]
            parts["decoder"] = self.decoder_weight * torch.stack(squares).sum()
        if self.mmd:
            parts["mmd"] = self.mmd * losses.mmd(codes, torch.randn_like(codes))
        if not parts:
            return terms
        parts["squared_error"] = terms["loss"]
        return {"loss": torch.stack(list(parts.values())).sum(), **parts}

    def _squared_error(self, codes: Tensor, batch: Batch) -> Tensor:
        images = self.decode(codes, batch.labels)
        return losses.squared_error(images.float(), batch.images).mean()
