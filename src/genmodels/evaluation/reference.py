"""The real images of a data set and their features, with which samples are compared."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from genmodels.data.images import (
    TEST,
    TRAIN,
    VALIDATION,
    Batch,
    Images,
    ReportProgress,
    first_rows,
)
from genmodels.errors import InputError
from genmodels.evaluation import copying
from genmodels.evaluation.copying import CopySearch, Suspicions
from genmodels.evaluation.features.extractor import BLOCK, Extractor, Features
from genmodels.evaluation.metrics import distances, pixel_statistics
from genmodels.evaluation.metrics.distances import Gaussian
from genmodels.runs import checkpoint
from genmodels.system import cache, randomness

FARTHEST = 0.99  # quantile of the test images' distances to training images that counts as usual
FEWEST = 10  # smallest number of images on a side of a Fréchet distance


@dataclass(frozen=True)
class Reference:
    """A data set and its features.

    Attributes:
        images: the data.
        extractor: of the features.
        table: features of every image, in the order of the data.
        count: how many test images, and how many samples, are compared.
        views: the results of :meth:`with_validation`, by share.
    """

    images: Images
    extractor: Extractor
    table: Features
    count: int
    views: dict[float, "Reference"] = field(default_factory=dict, compare=False, repr=False)

    def with_validation(self, share: float) -> "Reference":
        """Split training and validation images as a run did, by its validation share."""
        if share not in self.views:
            images = self.images.with_validation(share)
            self.views[share] = replace(self, images=images, views={})
        return self.views[share]

    @cached_property
    def test(self) -> Features:
        """Features of the test images that samples are compared with, (count, D)."""
        return self.table[self.random_rows(TEST, self.count)]

    @cached_property
    def binarised(self) -> Features:
        """Features of the same test images, binarised: (count, D)."""
        batches = enumerate(self.batches(TEST, self.count))
        return self.extractor(binarised(batch.images, number) for number, batch in batches)

    @cached_property
    def train(self) -> Features:
        """Features of the training images."""
        return self.table[self.images.splits[TRAIN]]

    @cached_property
    def gaussian(self) -> Gaussian:
        """The Gaussian fitted to the features of the test images."""
        return distances.gaussian(self.test.values)

    @cached_property
    def selection(self) -> Gaussian | None:
        """The Gaussian fitted to the features of validation images, which chooses snapshots.

        None if there are fewer than ``FEWEST`` validation images.
        """
        rows = self.images.splits[VALIDATION]
        return distances.gaussian(self.table[rows].values) if len(rows) >= FEWEST else None

    @cached_property
    def usual_distance(self) -> float:
        """The distance to its nearest training image that few test images exceed."""
        found = distances.nearest(self.test.values, self.train.values)
        return found.quantile(FARTHEST).item()

    @cached_property
    def copies(self) -> CopySearch:
        """The search for copies of training images."""
        return CopySearch(self.images, self.train.values)

    @cached_property
    def held_out(self) -> Suspicions:
        """How much test images look like copies of training images, which they are not."""
        count = min(copying.COUNT, self.count)
        images = first_rows((batch.images for batch in self.batches(TEST, count)), count)
        return self.copies(images, self.test.values[:count])

    @cached_property
    def pixels(self) -> dict[str, float]:
        """Sharpness and isolated dots of the test images."""
        return pixel_statistics.of_blocks(batch.images for batch in self.batches(TEST, self.count))

    def batches(self, split: str, count: int) -> Iterator[Batch]:
        """Yield images of a split in blocks, in the order of :meth:`random_rows`."""
        for rows in self.random_rows(split, count).split(BLOCK):
            yield self.images.batch(rows)

    def random_rows(self, split: str, count: int) -> Tensor:
        """Return rows of a split in a random order that is the same each time.

        The first images of a file may differ from the rest, as in MNIST's test split.
        """
        rows = self.images.splits[split]
        generator = randomness.generator(0, f"rows of {split}")
        return rows[torch.randperm(len(rows), generator=generator)[:count]]


def of(images: Images, extractor: Extractor, count: int, progress: ReportProgress) -> Reference:
    """Return a data set with its features, computed or read from the cache.

    A cache that cannot be written leaves them for this time alone, with a note.

    Args:
        images: the data set.
        extractor: computes the features.
        count: the largest number of test images, and of samples, to compare.
        progress: called with (what, done, total), in blocks of images.

    Raises:
        InputError: there are too few test or training images.
    """
    check(images)
    name = f"{images.fingerprint[:16]}-{extractor.hash}.safetensors"
    cached = cache.path("features") / name
    if cached.is_file():
        tensors = dict(checkpoint.load(cached).tensors)
    else:
        tensors = _features(images, extractor, progress)
        header = {"data": images.name, "features": extractor.name}
        cache.keep(cached, lambda path: checkpoint.save(path, tensors, header))
    table = Features(tensors["values"].double(), tensors.get("labels"))
    return Reference(images, extractor, table, min(count, images.count(TEST)))


def binarised(images: Tensor, number: int) -> Tensor:
    """Draw each pixel once as 0 or 1, with its value as the probability of 1.

    Args:
        images: (B, C, H, W) in [0, 1].
        number: of this batch; each has noise of its own.
    """
    generator = randomness.generator(0, "binarised pixels", number)
    return (torch.rand(images.shape, generator=generator) < images).float()


def check(images: Images) -> None:
    """Check that a data set is large enough to compare with.

    Raises:
        InputError: there are too few test or training images.
    """
    if min(images.count(TEST), images.count(TRAIN)) < FEWEST:
        raise InputError(
            f"{images.name} has {images.count(TEST)} test and {images.count(TRAIN)} training "
            f"images; {FEWEST} or more of each are needed to compare with: add images"
        )


def _features(images: Images, extractor: Extractor, progress: ReportProgress) -> dict[str, Tensor]:
    rows = torch.arange(len(images.table)).split(BLOCK)

    def blocks() -> Iterator[Tensor]:
        for number, block in enumerate(rows):
            yield images.batch(block).images
            progress("computing features of the real images", number + 1, len(rows))

    found = extractor(blocks())
    tensors = {"values": found.values.float()}
    return tensors if found.labels is None else {**tensors, "labels": found.labels}
