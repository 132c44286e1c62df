"""Samples drawn for an evaluation, and the progress of drawing them.

A flow may take minutes for what a GAN draws in a second, so progress is counted in images.
"""

import time
from collections.abc import Callable, Iterator

from torch import Tensor

from genmodels import sampling
from genmodels.models.base import Model

SEED_STEP = 1000  # between the sampling seeds of repeated draws of one model
DrawProgress = Callable[[int, int], None]  # (done, total), in images


class Draws:
    """The images that an evaluation asks of a model, counted.

    Args:
        seed: of the samples.
        total: number of images that the evaluation will take.
        progress: called with (done, total), in images.

    Attributes:
        seconds: that drawing has taken so far.
    """

    def __init__(self, seed: int, total: int, progress: DrawProgress):
        self.seed, self.total, self.progress = seed, total, progress
        self.done, self.seconds = 0, 0.0
        self.advance(0)

    def __call__(self, model: Model, count: int, repeat: int = 0) -> Iterator[Tensor]:
        """Draw samples of a model, in blocks (n, C, H, W); each ``repeat`` has other latents."""
        blocks = sampling.sample(model, count, self.seed + SEED_STEP * repeat)
        while True:
            began = time.perf_counter()
            block = next(blocks, None)
            self.seconds += time.perf_counter() - began
            if block is None:
                return
            self.advance(len(block))
            yield block

    def advance(self, images: int) -> None:
        """Advance the progress count."""
        self.done += images
        self.progress(self.done, self.total)
