"""The context of image metrics: samples of a model, or images that are given without one.

Intermediate results that several metrics share are computed once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from genmodels.data.images import first_rows
from genmodels.evaluation import copying
from genmodels.evaluation.copying import Suspicions
from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import pixel_statistics
from genmodels.evaluation.metrics.labels import Labelled
from genmodels.evaluation.reference import Reference


@dataclass(frozen=True)
class Drawn:
    """Images to measure.

    Attributes:
        reference: the real images.
        samples: the images, in blocks (n, C, H, W).
        features: of the images.
        labels: (N,), which the images were generated for; None if there are none.
    """

    reference: Reference
    samples: Sequence[Tensor]
    features: Features
    labels: Tensor | None

    @cached_property
    def pixels(self) -> dict[str, float]:
        """Sharpness and isolated dots of the images."""
        return pixel_statistics.of_blocks(self.samples)

    @cached_property
    def suspicions(self) -> Suspicions:
        """How much the first images look like copies of training images."""
        images = first_rows(self.samples, copying.COUNT)
        return self.reference.copies(images, self.features.values[: len(images)])

    @property
    def labelled(self) -> Labelled:
        """The features of the images with their labels."""
        return Labelled(self.reference, self.features, self.labels)
