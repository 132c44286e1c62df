"""Drawing of the samples of an evaluation, with its progress.

Some models need minutes for as many samples as others draw in a second, so progress is counted
in images.
"""

import time
from collections.abc import Callable, Iterator

from torch import Tensor

from genmodels import sampling
from genmodels.models.base import Model

SEED_STEP = 1000  # difference between the sampling seeds of repeated draws
DrawProgress = Callable[[int, int], None]  # (done, total), in images


class Draws:
    """A sampler of models that counts the images it draws and the time they take.

    Args:
        seed: of the samples.
        total: number of images that the evaluation will draw.
        progress: called with (done, total), in images.

    Attributes:
        seconds: time spent on drawing so far.
    """

    def __init__(self, seed: int, total: int, progress: DrawProgress):
        self.seed, self.total, self.progress = seed, total, progress
        self.done, self.seconds = 0, 0.0
        self.advance(0)

    def __call__(self, model: Model, count: int, repeat: int = 0) -> Iterator[Tensor]:
        """Yield samples of a model in blocks (n, C, H, W); each ``repeat`` has other latents."""
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
        """Add images to the progress count."""
        self.done += images
        self.progress(self.done, self.total)
