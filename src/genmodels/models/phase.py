"""A phase of training: what a model asks its trainer to do with a batch."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn

from genmodels.data.images import Batch

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class Phase:
    """One objective, and the module that it trains.

    Attributes:
        name: stands in the log as ``train.<name>.<term>``.
        module: the part of the model whose parameters are updated; no others are.
        objective: a batch → named scalars, all of them means over the batch. The term ``loss``
            is minimised; the others are only logged.
        every: the phase runs at each ``every``-th step.
        constrain: called after each update of the phase, to project the module's parameters
            back onto their allowed values.
        lazy: the phase regularises what another phase trains, and runs more rarely. The module's
            optimiser is slowed for it (Karras et al., 2020, appendix B).
    """

    name: str
    module: nn.Module
    objective: Callable[[Batch], Terms]
    every: int = 1
    constrain: Callable[[], None] | None = None
    lazy: bool = False
