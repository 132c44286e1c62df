"""The embedding of a time and a label, by which vector fields are conditioned."""

import math

import torch
from torch import Tensor, nn

FREQUENCIES = 32  # number of sines, and of cosines, of the time
HIGHEST = 100.0  # the highest frequency, in radians from time 0 to 1


class Timed(nn.Module):
    """The part that all vector fields share.

    Sines and cosines of the time pass through two layers, as in the code of Ho et al., Denoising
    Diffusion Probabilistic Models (2020). A learnt vector of the class is added.

    Args:
        embedding_dim: numbers of an embedding.
        num_classes: classes of the labels; 0 where there are none.
    """

    def __init__(self, embedding_dim: int, num_classes: int = 0):
        super().__init__()
        self.time = nn.Sequential(
            nn.Linear(2 * FREQUENCIES, embedding_dim),
            nn.SiLU(),
            nn.Linear(embedding_dim, embedding_dim),
        )
        self.label = nn.Embedding(num_classes, embedding_dim) if num_classes else None
        frequencies = torch.logspace(0, math.log10(HIGHEST), FREQUENCIES)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def embedding(self, times: Tensor, labels: Tensor | None = None) -> Tensor:
        """Return the embeddings: times (B,) in [0, 1] and labels (B,) → (B, embedding_dim)."""
        phases = times.unsqueeze(1) * self.get_buffer("frequencies")
        embedding: Tensor = self.time(torch.cat([phases.sin(), phases.cos()], 1))
        if self.label is not None and labels is not None:
            embedding = embedding + self.label(labels)
        return embedding
