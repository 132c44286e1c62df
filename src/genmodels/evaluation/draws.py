"""Samples that are drawn to be measured, with word of how many there are: a flow may take
minutes for what a GAN draws in a second."""

from collections.abc import Callable, Iterator

from torch import Tensor

from genmodels import sampling
from genmodels.models.base import Model

APART = 1000  # between the seeds of draws of one model
Told = Callable[[int, int], None]  # samples that are there, and in all


class Draws:
    """All samples of an evaluation.

    Args:
        seed: of the samples.
        total: how many there will be.
        told: hears how many there are.
    """

    def __init__(self, seed: int, total: int, told: Told):
        self.seed, self.total, self.told = seed, total, told
        self.done = 0
        self.skip(0)

    def __call__(self, model: Model, count: int, again: int = 0) -> Iterator[Tensor]:
        """Samples of a model, in blocks (n, C, H, W); others each time that they are drawn
        ``again``."""
        for block in sampling.sample(model, count, self.seed + APART * again):
            self.skip(len(block))
            yield block

    def skip(self, count: int) -> None:
        """Go on without drawing: so many samples are there already."""
        self.done += count
        self.told(self.done, self.total)
