"""Samples that are drawn to be measured, with word of how far that is: a flow may take minutes
for what a GAN draws in a second."""

import time
from collections.abc import Callable, Iterator

from torch import Tensor

from genmodels import sampling
from genmodels.models.base import Model

APART = 1000  # between the seeds of draws of one model
Told = Callable[[int, int], None]  # images that are there, and in all


class Draws:
    """All images that an evaluation asks of a model.

    Args:
        seed: of the samples.
        total: how many images there will be.
        told: hears how many there are.

    Attributes:
        seconds: that drawing took so far.
    """

    def __init__(self, seed: int, total: int, told: Told):
        self.seed, self.total, self.told = seed, total, told
        self.done, self.seconds = 0, 0.0
        self.count(0)

    def __call__(self, model: Model, count: int, again: int = 0) -> Iterator[Tensor]:
        """Samples of a model, in blocks (n, C, H, W); others each time that they are drawn
        ``again``."""
        blocks = sampling.sample(model, count, self.seed + APART * again)
        while True:
            began = time.perf_counter()
            block = next(blocks, None)
            self.seconds += time.perf_counter() - began
            if block is None:
                return
            self.count(len(block))
            yield block

    def count(self, images: int) -> None:
        """So many more are there, or need not be made."""
        self.done += images
        self.told(self.done, self.total)
