"""Whether samples are copies of training images.

An image is a copy where the nearest training image is at less than a third of the distance of the
next one, in pixels (:mod:`genmodels.data.lookalikes`) or in features.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from genmodels.data import lookalikes
from genmodels.data.images import TRAIN, Images
from genmodels.data.lookalikes import DUPLICATES, LIMIT, Lookalikes

COUNT = 2000  # most images whose copies are counted; the interval of a share is ±0.02 then
CURVE_COUNT = 500  # most samples of each snapshot
ROWS = 500  # rows of a distance matrix that are in memory at the same time


@dataclass(frozen=True)
class Suspicions:
    """How much each of N images looks like a copy.

    Attributes:
        ratios: (N,), first distance / second, the smaller one of pixels and features.
        rows: (N,), the training image that was nearest, by its row in the data's table.
    """

    ratios: Tensor
    rows: Tensor

    @property
    def share(self) -> float:
        """The share of copies."""
        return (self.ratios < LIMIT).double().mean().item()

    def most(self, count: int) -> Tensor:
        """Return the indices of the most suspicious images, the worst first."""
        return self.ratios.argsort(stable=True)[:count]


class CopySearch:
    """Search for copies of training images.

    Args:
        images: the data.
        features: (M, D) of the training images.
    """

    def __init__(self, images: Images, features: Tensor):
        self.rows = images.splits[TRAIN]
        self.features = features
        self.lookalikes = Lookalikes(images.table, self.rows)

    def __call__(self, images: Tensor, features: Tensor) -> Suspicions:
        """Search for images (N, C, H, W) in [0, 1] with their features (N, D)."""
        by_pixels, by_features = self.lookalikes(images), self._by_features(features)
        closer = by_features.ratios < by_pixels.ratios
        return Suspicions(
            torch.where(closer, by_features.ratios, by_pixels.ratios),
            torch.where(closer, by_features.rows, by_pixels.rows),
        )

    def _by_features(self, features: Tensor) -> lookalikes.Found:
        """Find the nearest training images by features, in float32; distances are in float64."""
        references = self.features.float()
        squares = references.square().sum(1)
        count = min(DUPLICATES + 1, len(references))
        ratios, rows = [], []
        for block in features.split(ROWS):
            unsorted = squares - 2 * block.float() @ references.T
            nearest = unsorted.topk(count, 1, largest=False).indices
            apart = self.features[nearest] - block.unsqueeze(1)
            distances, order = apart.norm(dim=2).sort(1)
            ratios.append(lookalikes.gap(distances))
            rows.append(self.rows[nearest.gather(1, order)[:, 0]])
        return lookalikes.Found(torch.cat(ratios), torch.cat(rows))
