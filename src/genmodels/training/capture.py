"""A training step recorded once as a CUDA graph, and replayed with one launch.

A graph holds the addresses it was recorded with, so a step's batch and its terms lie in
buffers that never move. Random numbers need no care: a replay draws from where the
generator was placed, as the same step drawn eagerly would.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from genmodels.data.images import Batch

WARM_UP = 3  # steps that run before one is recorded, so that optimisers have their state


def record(function: Callable[[], None]) -> Callable[[], None]:
    """Record what a function launches, without running it, and return its replay."""
    graph = torch.cuda.CUDAGraph()
    # Other threads may use the device meanwhile: they bring the next batches.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        function()
    return graph.replay


class Recorded:
    """One step, recorded.

    Args:
        step: a batch → terms, scalars on the device, by name.
        like: a batch of the shape that all batches have.
        names: of the terms.
        length: how many steps' terms are kept between two looks at them.
    """

    def __init__(
        self,
        step: Callable[[Batch], dict[str, Tensor]],
        like: Batch,
        names: Sequence[str],
        length: int,
    ):
        device = like.images.device
        self.batch = Batch(
            like.images.clone(), None if like.labels is None else like.labels.clone()
        )
        self.names = list(names)
        self.ring = torch.zeros(length, len(names), device=device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=device)
        self.first = 0  # row of the ring with the first step not collected yet
        self.steps: list[int] = []

        def run() -> None:
            terms = step(self.batch)
            row = torch.stack([terms[name].float() for name in self.names])
            self.ring.index_copy_(0, self.cursor, row[None])
            self.cursor.add_(1).remainder_(length)

        self.replay = record(run)

    def __call__(self, batch: Batch, number: int) -> None:
        """Run the step with this number."""
        self.batch.images.copy_(batch.images)
        if self.batch.labels is not None and batch.labels is not None:
            self.batch.labels.copy_(batch.labels)
        self.replay()
        self.steps.append(number)

    def collect(self) -> list[tuple[int, dict[str, Tensor]]]:
        """The steps since the last call and their terms; one synchronisation for all."""
        rows = torch.arange(self.first, self.first + len(self.steps)) % len(self.ring)
        values = self.ring.cpu()[rows]
        self.first = (self.first + len(self.steps)) % len(self.ring)
        numbers, self.steps = self.steps, []
        return [
            (number, dict(zip(self.names, row, strict=True)))
            for number, row in zip(numbers, values, strict=True)
        ]
