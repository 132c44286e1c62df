"""The context of sample metrics: features of samples and of real images.

Intermediate results that several metrics share are computed once.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import distances
from genmodels.evaluation.metrics.distances import Gaussian
from genmodels.evaluation.metrics.kernel import KernelDistance, kernel
from genmodels.evaluation.metrics.metric import Undefined
from genmodels.evaluation.metrics.neighbourhood import Neighbourhood, neighbourhood
from genmodels.evaluation.reference import Reference

NEIGHBOURS = 5  # Naeem et al. (2020)


@dataclass(frozen=True)
class Samples:
    """Features of samples, and the real images that they are compared with.

    Attributes:
        reference: the real images.
        features: of the samples.
        real: features to compare with instead of those of all test images.
    """

    reference: Reference
    features: Features
    real: Features | None = None

    @property
    def target(self) -> Features:
        """Features of the real images that samples are compared with."""
        return self.reference.test if self.real is None else self.real

    @cached_property
    def target_gaussian(self) -> Gaussian:
        """Mean and covariance of :attr:`target`."""
        return (
            self.reference.gaussian if self.real is None else distances.gaussian(self.real.values)
        )

    @cached_property
    def gaussian(self) -> Gaussian:
        """Mean and covariance of the samples' features."""
        return distances.gaussian(self.features.values)

    @cached_property
    def kernel(self) -> KernelDistance:
        """The kernel distance from :attr:`target`, and its error."""
        return kernel(self.target.values, self.features.values)

    @cached_property
    def neighbourhood(self) -> Neighbourhood:
        """Precision, recall, density and coverage, and the clipped forms of the last two.

        Raises:
            Undefined: a side has too few images.
        """
        if min(len(self.target.values), len(self.features.values)) <= NEIGHBOURS:
            raise Undefined(f"more than {NEIGHBOURS} images on both sides are needed")
        return neighbourhood(self.target.values, self.features.values, NEIGHBOURS)

    @cached_property
    def nearest(self) -> Tensor:
        """The distance of each sample to the nearest training image, (N,)."""
        return distances.nearest(self.features.values, self.reference.train.values)

    @cached_property
    def classes(self) -> tuple[Tensor, Tensor]:
        """The share of each predicted class among samples and among :attr:`target`, (K,) each.

        Raises:
            Undefined: the extractor has no classes.
        """
        ours, theirs = self.features.labels, self.target.labels
        if ours is None or theirs is None:
            raise Undefined("the extractor has no classes")
        count = len(self.reference.images.classes)
        shares = [torch.bincount(x, minlength=count).double() / len(x) for x in (ours, theirs)]
        return shares[0], shares[1]
