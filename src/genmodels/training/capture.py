"""Training steps as CUDA graphs: recorded once, then replayed with one launch each.

A graph reads and writes the addresses that it was recorded with. So the batch and the terms of
a step lie in buffers that never move. A replay draws the same random numbers as an eager step,
because it starts from the present state of the generator.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from genmodels.data.images import Batch

WARM_UP = 3  # eager steps before one is recorded; they create the state of the optimisers


def record(function: Callable[[], None]) -> Callable[[], None]:
    """Record the kernels that a function launches, and return a function that replays them.

    The kernels do not run while they are recorded.
    """
    graph = torch.cuda.CUDAGraph()
    # Other threads may use the device at the same time: they fetch the next batches.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        function()
    return graph.replay


class CapturedStep:
    """A training step as one CUDA graph.

    Args:
        step: batch → terms by name, scalars on the device.
        example: a batch; all later batches have its shape.
        names: the names of the terms.
        length: the largest number of steps between two calls of :meth:`collect`.
    """

    def __init__(
        self,
        step: Callable[[Batch], dict[str, Tensor]],
        example: Batch,
        names: Sequence[str],
        length: int,
    ):
        device = example.images.device
        self.batch = Batch(
            example.images.clone(), None if example.labels is None else example.labels.clone()
        )
        self.names = list(names)
        # Terms of the last steps, one row a step; the rows are reused in turn.
        self.ring = torch.zeros(length, len(names), device=device)
        self.cursor = torch.zeros(1, dtype=torch.int64, device=device)
        self.first = 0  # row of the first step that is not collected yet
        self.steps: list[int] = []

        def run() -> None:
            terms = step(self.batch)
            row = torch.stack([terms[name].float() for name in self.names])
            self.ring.index_copy_(0, self.cursor, row[None])
            self.cursor.add_(1).remainder_(length)

        self.replay = record(run)

    def __call__(self, batch: Batch, number: int) -> None:
        """Run the step with this number, counted from 0."""
        self.batch.images.copy_(batch.images)
        if self.batch.labels is not None and batch.labels is not None:
            self.batch.labels.copy_(batch.labels)
        self.replay()
        self.steps.append(number)

    def collect(self) -> list[tuple[int, dict[str, Tensor]]]:
        """Return the steps since the last call, each with its terms. This synchronises once."""
        rows = torch.arange(self.first, self.first + len(self.steps)) % len(self.ring)
        values = self.ring.cpu()[rows]
        self.first = (self.first + len(self.steps)) % len(self.ring)
        numbers, self.steps = self.steps, []
        return [
            (number, dict(zip(self.names, row, strict=True)))
            for number, row in zip(numbers, values, strict=True)
        ]
