"""Logits that a discriminator gives to real images and to samples, in one pass."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from genmodels.data.images import TEST, TRAIN, Batch
from genmodels.evaluation.metrics.metric import Undefined
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Discriminates

AT_MOST = 5000  # images of each kind


@dataclass(frozen=True)
class Logits:
    """The logits of a discriminator, (N,) each; the higher, the more real.

    Attributes:
        training: of training images.
        held_out: of test images.
        samples: of samples.
        threshold: above which it takes an image for real; None where it decides on none.
    """

    training: Tensor
    held_out: Tensor
    samples: Tensor
    threshold: float | None

    def ranked(self, real: Tensor) -> float:
        """Return the share of pairs in which the real image has a higher logit than the sample;
        0.5 where the discriminator cannot tell them apart."""
        ordered = self.samples.sort().values
        below = torch.searchsorted(ordered, real) + torch.searchsorted(ordered, real, right=True)
        return below.double().mean().item() / (2 * len(ordered))

    def right_on_real(self, real: Tensor) -> float:
        """Return the share of real images that it takes for real."""
        return (real > self._decision()).double().mean().item()

    def right_on_samples(self) -> float:
        """Return the share of samples that it does not take for real."""
        return (self.samples <= self._decision()).double().mean().item()

    def _decision(self) -> float:
        if self.threshold is None:
            raise Undefined("its discriminator ranks images and decides on none")
        return self.threshold


@torch.no_grad()
def discriminate(
    model: Discriminates, device: torch.device, samples: Sequence[Batch], reference: Reference
) -> Logits:
    """Let a discriminator judge training images, test images and samples.

    Args:
        model: that discriminates.
        device: of the model.
        samples: of the model, with the labels that they were generated for.
        reference: the real images.
    """
    count = min(AT_MOST, reference.count)

    def logits(batches: Iterable[Batch]) -> Tensor:
        given = (batch.to(device) for batch in batches)
        return torch.cat([model.realness(b.images, b.labels).double().cpu() for b in given])

    return Logits(
        training=logits(reference.batches(TRAIN, count)),
        held_out=logits(reference.batches(TEST, count)),
        samples=logits(samples),
        threshold=model.threshold,
    )


def from_equilibrium(model: Discriminates, last: Mapping[str, Any]) -> dict[str, float]:
    """Return phase → its last training loss minus the value where neither side can improve.

    Args:
        model: that discriminates.
        last: the last record of its training; phases that it lacks are left out.
    """
    return {
        term.removesuffix(".loss"): last[f"train.{term}"] - settled
        for term, settled in model.equilibrium().items()
        if last.get(f"train.{term}") is not None
    }
