"""Comparison of samples with the labels that they were generated for."""

from dataclasses import dataclass

from torch import Tensor

from genmodels.data.images import TEST
from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import distances
from genmodels.evaluation.metrics.metric import Undefined
from genmodels.evaluation.reference import FEWEST, Reference


@dataclass(frozen=True)
class Labelled:
    """The features of samples, and their labels.

    Attributes:
        reference: the real images.
        features: of the samples.
        labels: (N,), for which the samples were generated; None without labels.
    """

    reference: Reference
    features: Features
    labels: Tensor | None

    def accuracy(self) -> float:
        """Return the share of samples whose predicted class equals their label.

        Raises:
            Undefined: the samples have no labels, or the extractor has no classes.
        """
        labels, predicted = self._both()
        return (predicted == labels).double().mean().item()

    def distance_within_classes(self) -> float:
        """Return the mean over classes of FD between samples and test images of the class.

        Raises:
            Undefined: as for :meth:`accuracy`, or no class has ``FEWEST`` images on both sides.
        """
        labels, _ = self._both()
        real = self.reference.images.labels
        if real is None:
            raise Undefined("the real images have no labels")
        rows = self.reference.random_rows(TEST, self.reference.count)
        found = []
        for label in labels.unique().tolist():
            sides = self.reference.table[rows[real[rows] == label]], self.features[labels == label]
            if min(len(side.values) for side in sides) >= FEWEST:
                found.append(distances.frechet(*(distances.gaussian(s.values) for s in sides)))
        if not found:
            raise Undefined(f"no class has {FEWEST} samples and {FEWEST} test images")
        return sum(found) / len(found)

    def _both(self) -> tuple[Tensor, Tensor]:
        """Return the labels of the samples and their predicted classes, (N,) each."""
        if self.labels is None:
            raise Undefined("they were generated without labels")
        if self.features.labels is None:
            raise Undefined("the extractor has no classes")
        return self.labels, self.features.labels
