"""A causal transformer over short sequences of vectors.

It runs over a complete sequence at once, or over one position at a time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels.config.number_types import Count
from genmodels.networks.interfaces import KeysAndValues, Ordered

WIDER = 4  # hidden layer of a block, in multiples of the width; Vaswani et al. (2017), section 3.3
SPREAD = 0.02  # standard deviation of initial embeddings; Radford et al., GPT (2018), section 4.1


@dataclass(frozen=True)
class Transformer:
    """A decoder-only transformer (Vaswani et al., Attention Is All You Need, 2017).

    Each part of a block is preceded by a layer normalisation (Radford et al., Language Models
    are Unsupervised Multitask Learners, 2019).

    Attributes:
        width: size of the hidden vector at each position.
        depth: the number of blocks.
        heads: the number of attention heads; it divides the width.
    """

    width: Count = 128
    depth: Count = 4
    heads: Count = 4

    @staticmethod
    def contradictions(settings: Mapping[str, Any]) -> Iterator[str]:
        """Yield a line for each pair of settings that contradict each other."""
        width, heads = settings["width"], settings["heads"]
        if width % heads:
            yield f"heads: {heads} do not divide the width of {width}; give a number that does"

    def causal(self, length: int, inputs: int, outputs: int, num_classes: int = 0) -> Ordered:
        """Build the network: (B, length, inputs) → (B, length, outputs).

        With classes, it also takes labels (B,). Each position depends only on those before it.
        """
        return _Causal(self, length, inputs, outputs, num_classes)


class _Causal(Ordered):
    def __init__(
        self, shape: Transformer, length: int, inputs: int, outputs: int, num_classes: int
    ):
        super().__init__()
        self.start = nn.Parameter(torch.randn(1, shape.width) * SPREAD)
        self.label = nn.Embedding(num_classes, shape.width) if num_classes else None
        self.embed = nn.Linear(inputs, shape.width)
        self.places = nn.Parameter(torch.randn(length, shape.width) * SPREAD)
        self.blocks = nn.ModuleList(
            _TransformerBlock(shape.width, shape.heads) for _ in range(shape.depth)
        )
        self.last = nn.Sequential(nn.LayerNorm(shape.width), nn.Linear(shape.width, outputs))

    def forward(self, vectors: Tensor, labels: Tensor | None = None) -> Tensor:
        before = self.embed(vectors[:, :-1])
        hidden = torch.cat([self._first(len(vectors), labels), before], 1) + self.places
        for block in self.blocks:
            hidden = block(hidden)
        return self.last(hidden)

    def next(self, vectors: Tensor, cache: KeysAndValues, labels: Tensor | None = None) -> Tensor:
        if cache.count == 0:
            hidden = self._first(len(vectors), labels)
        else:
            hidden = self.embed(vectors).unsqueeze(1)
        hidden = hidden + self.places[cache.count]
        for number, block in enumerate(self.blocks):
            assert isinstance(block, _TransformerBlock)
            hidden = block.next(hidden, cache, number, len(self.places))
        cache.count += 1
        return self.last(hidden).squeeze(1)

    def _first(self, count: int, labels: Tensor | None) -> Tensor:
        """Return the start token, plus the label's embedding if there is one, (B, 1, width)."""
        start = self.start.expand(count, -1)
        if self.label is not None and labels is not None:
            start = start + self.label(labels)
        return start.unsqueeze(1)


class _TransformerBlock(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_mlp = nn.LayerNorm(width), nn.LayerNorm(width)
        self.project, self.join = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, WIDER * width), nn.GELU(), nn.Linear(WIDER * width, width)
        )

    def forward(self, hidden: Tensor) -> Tensor:
        queries, keys, values = self._parts(hidden)
        return self._add(
            hidden, F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        )

    def next(self, hidden: Tensor, cache: KeysAndValues, number: int, length: int) -> Tensor:
        queries, *both = self._parts(hidden)
        if cache.count == 0:
            for new, cached in zip(both, (cache.keys, cache.values), strict=True):
                cached.append(new.new_empty(*new.shape[:2], length, new.shape[3]))
        end = cache.count + 1
        for new, cached in zip(both, (cache.keys, cache.values), strict=True):
            cached[number][:, :, cache.count : end] = new
        keys, values = cache.keys[number][:, :, :end], cache.values[number][:, :, :end]
        return self._add(hidden, F.scaled_dot_product_attention(queries, keys, values))

    def _parts(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, keys and values, each (B, heads, L, width / heads)."""
        parts = self.project(self.before_attention(hidden)).chunk(3, 2)
        queries, keys, values = (p.unflatten(2, (self.heads, -1)).transpose(1, 2) for p in parts)
        return queries, keys, values

    def _add(self, hidden: Tensor, attended: Tensor) -> Tensor:
        hidden = hidden + self.join(attended.transpose(1, 2).flatten(2))
        return hidden + self.mlp(self.before_mlp(hidden))
