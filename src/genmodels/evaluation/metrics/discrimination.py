"""The logits of a discriminator for real images and for samples."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from genmodels.data.images import TEST, TRAIN, Batch
from genmodels.evaluation.metrics.metric import Undefined
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Discriminates

AT_MOST = 5000  # most images of each kind
WINNING = 0.9  # accuracy on real images and on samples, above which a discriminator has won


@dataclass(frozen=True)
class Logits:
    """The logits of a discriminator, (N,) each, higher for more real.

    Attributes:
        training: of training images.
        held_out: of test images.
        samples: of samples.
        threshold: the logit above which an image is classified as real; None if logits only
            rank images.
    """

    training: Tensor
    held_out: Tensor
    samples: Tensor
    threshold: float | None

    def ranked(self, real: Tensor) -> float:
        """Return the share of pairs in which the real image has a higher logit than the sample.

        This is the area under the ROC curve; 0.5 is a guess.
        """
        ordered = self.samples.sort().values
        below = torch.searchsorted(ordered, real) + torch.searchsorted(ordered, real, right=True)
        return below.double().mean().item() / (2 * len(ordered))

    def right_on_real(self, real: Tensor) -> float:
        """Return the share of real images that are classified as real.

        Raises:
            Undefined: there is no threshold.
        """
        return (real > self._decision()).double().mean().item()

    def right_on_samples(self) -> float:
        """Return the share of samples that are classified as generated.

        Raises:
            Undefined: there is no threshold.
        """
        return (self.samples <= self._decision()).double().mean().item()

    def _decision(self) -> float:
        if self.threshold is None:
            raise Undefined("its discriminator ranks images and does not classify them")
        return self.threshold


@torch.no_grad()
def discriminate(
    model: Discriminates, device: torch.device, samples: Sequence[Batch], reference: Reference
) -> Logits:
    """Return the logits of training images, test images and samples.

    Args:
        model: with a discriminator.
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


def planned(model: nn.Module, last_weights_model: nn.Module, reference: Reference) -> int:
    """Return how many samples are drawn for the logits, beside those of the other metrics."""
    drawn = isinstance(last_weights_model, Discriminates) and last_weights_model is not model
    return min(AT_MOST, reference.count) if drawn else 0


def from_equilibrium(model: Discriminates, last_record: Mapping[str, float]) -> dict[str, float]:
    """Return each phase's last training loss minus its value at the equilibrium, by phase.

    Args:
        model: with a discriminator.
        last_record: of the training log. Phases whose loss it lacks are left out.
    """
    return {
        term.removesuffix(".loss"): last_record[f"train.{term}"] - value
        for term, value in model.equilibrium().items()
        if last_record.get(f"train.{term}") is not None
    }
