"""The vector-quantised autoencoder: an image is a sequence of codes from a learnt codebook."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels import losses
from genmodels.config.number_types import Count, Several, Weight
from genmodels.data.images import Batch
from genmodels.models.base import Model, Phase, Terms
from genmodels.networks import MLP, Causal, KeysAndValues, Network, Transformer


class VQVAE(Model):
    """Neural Discrete Representation Learning (van den Oord et al., 2017),
    https://arxiv.org/abs/1711.00937.

    Each vector of the encoder is replaced by the nearest code (equation 1). Gradients pass
    straight through the replacement (section 3.2). A second network, the prior, learns the
    distribution of the codes of an image (section 3.3).

    Minimises ‖x − x̂‖² + ‖sg[z] − e‖² + β ‖z − sg[e]‖² (equation 3), summed over pixels and
    over codes, and −log p(codes) of the prior.

    Args:
        image_shape: (C, H, W).
        tokens: the number of codes of an image.
        code_dim: size of a code.
        codes: the number of codes in the codebook.
        network: the encoder; the decoder is its mirror image.
        prior: a causal network, conditioned on the codes before.
        commitment: β; 0.25 as in their section 4.
        conditional: whether the prior is conditioned on the label.
        class_shares: the share of each class in the training images.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int],
        tokens: Count = 16,
        code_dim: Count = 8,
        codes: Several = 128,
        network: Network = MLP((512, 256)),
        prior: Causal = Transformer(64, 2, 4),
        commitment: Weight = 0.25,
        conditional: bool = False,
        class_shares: Sequence[float] = (),
    ):
        super().__init__(image_shape, tokens * code_dim, conditional, class_shares)
        self.shape = (tokens, code_dim)
        self.coder = nn.ModuleDict(
            {
                "encoder": network.encoder(image_shape, self.latent_dim),
                "decoder": network.decoder(self.latent_dim, image_shape),
                "codes": nn.Embedding(codes, code_dim),
            }
        )
        self.order = prior.causal(tokens, code_dim, codes, self.num_classes)
        self.commitment = commitment

    def phases(self) -> list[Phase]:
        """Return the phases: encoder, codebook and decoder, then the prior over codes."""
        return [
            Phase("reconstruction", self.coder, self._reconstruction),
            Phase("prior", self.order, self._order),
        ]

    def encode(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the codes of images, concatenated: (B, C, H, W) → (B, latent_dim)."""
        return self._embed(self._nearest(self._vectors(images))).flatten(1)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Decode codes, or vectors between codes: (B, latent_dim) → (B, C, H, W) in [0, 1]."""
        return self.coder["decoder"](latents).sigmoid()

    @torch.no_grad()
    def prior(self, count: int, generator: torch.Generator, labels: Tensor | None = None) -> Tensor:
        """Draw ``count`` sequences of codes from the prior, (count, latent_dim), on the CPU."""
        device = self._codes().device
        conditioning = self.conditioning(None if labels is None else labels.to(device))
        chances = torch.rand(count, self.shape[0], generator=generator).to(device)
        embedded = torch.zeros(count, *self.shape, device=device)
        cache, before = KeysAndValues(), embedded[:, 0]
        for place in range(self.shape[0]):
            cumulative = self.order.next(before, cache, *conditioning).float().softmax(1).cumsum(1)
            rows = (cumulative < chances[:, place, None]).sum(1).clamp(max=cumulative.shape[1] - 1)
            before = embedded[:, place] = self._embed(rows)
        return embedded.flatten(1).cpu()

    def validation_metrics(self, batch: Batch) -> Terms:
        """Return ``squared_error``, summed over pixels, and ``prior``, −log p(codes) in nats."""
        return {
            "squared_error": self._reconstruction(batch)["squared_error"],
            "prior": self._order(batch)["loss"],
        }

    def sampling_module(self) -> nn.Module:
        """Return the codebook, the prior and the decoder."""
        return nn.ModuleList([self.coder["codes"], self.order, self.coder["decoder"]])

    def _vectors(self, images: Tensor) -> Tensor:
        """Return the encoder's vectors: (B, C, H, W) → (B, tokens, code_dim)."""
        return self.coder["encoder"](images).float().unflatten(1, self.shape)

    def _codes(self) -> Tensor:
        """Return the codebook, (codes, code_dim)."""
        codes = self.coder["codes"]
        assert isinstance(codes, nn.Embedding)
        return codes.weight

    def _embed(self, rows: Tensor) -> Tensor:
        """Return the codes of indices, in a further dimension."""
        return self.coder["codes"](rows)

    def _nearest(self, vectors: Tensor) -> Tensor:
        """Return the indices of the nearest codes: (B, tokens, code_dim) → (B, tokens)."""
        codes = self._codes().float()
        return torch.cdist(vectors.flatten(0, 1), codes).argmin(1).unflatten(0, vectors.shape[:2])

    def _reconstruction(self, batch: Batch) -> Terms:
        vectors = self._vectors(batch.images)
        rows = self._nearest(vectors.detach())
        embedded = self._embed(rows).float()
        passed = vectors + (embedded - vectors).detach()
        images = self.decode(passed.flatten(1)).float()
        terms = {
            "squared_error": losses.squared_error(images, batch.images).mean(),
            "codebook": (embedded - vectors.detach()).square().sum((1, 2)).mean(),
            "commitment": (vectors - embedded.detach()).square().sum((1, 2)).mean(),
        }
        weighed = terms["codebook"] + self.commitment * terms["commitment"]
        return {"loss": terms["squared_error"] + weighed, **terms}

    def _order(self, batch: Batch) -> Terms:
        with torch.no_grad():
            rows = self._nearest(self._vectors(batch.images))
            embedded = self._embed(rows)
        logits = self.order(embedded, *self.conditioning(batch.labels)).float()
        losses_ = F.cross_entropy(logits.flatten(0, 1), rows.flatten(), reduction="none")
        return {"loss": losses_.view_as(rows).sum(1).mean()}
