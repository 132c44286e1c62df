"""The context of model metrics: the model, its samples and its training run.

Intermediate results that several metrics share are computed once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch

from genmodels import sampling
from genmodels.data.images import Batch
from genmodels.evaluation.metrics import discrimination, encoding, likelihood
from genmodels.evaluation.metrics.discrimination import Logits
from genmodels.evaluation.metrics.drawn import Drawn
from genmodels.evaluation.metrics.encoding import Encoded
from genmodels.evaluation.metrics.likelihood import Bounds
from genmodels.models.base import Discriminates, Encodes, HasLikelihood, Model
from genmodels.runs.manifest import SavedProgress


@dataclass(frozen=True)
class Trained(Drawn):
    """A trained model, with its samples.

    Attributes:
        model: in evaluation mode.
        seed: of the samples.
        progress: the progress in the header of the checkpoint.
        last_record: the last record of the training log; empty without one.
        advance: called with the number of images that were encoded or decoded.
        last_weights_model: the model with the last weights, whose two sides trained against each
            other; the same one if ``model`` has them.
    """

    model: Model
    seed: int
    progress: SavedProgress
    last_record: Mapping[str, float]
    advance: Callable[[int], None]
    last_weights_model: Model

    @property
    def device(self) -> torch.device:
        """The device of the model."""
        return next(self.model.parameters()).device

    @cached_property
    def encoded(self) -> Encoded:
        """The latents and reconstruction errors of test images."""
        assert isinstance(self.model, Encodes)
        return encoding.encode(self.model, self.device, self.reference, self.advance)

    @cached_property
    def bounds(self) -> Bounds:
        """Bounds on the likelihood of test images."""
        assert isinstance(self.model, HasLikelihood)
        return likelihood.bounds(self.model, self.device, self.reference)

    @cached_property
    def logits(self) -> Logits:
        """The discriminator's logits of training images, test images and samples.

        Both sides have the last weights: an EMA of a discriminator never played.
        """
        model = self.last_weights_model
        assert isinstance(model, Discriminates)
        blocks = self.samples[: -(-discrimination.AT_MOST // sampling.BLOCK)]
        sizes = [len(block) for block in blocks]
        if model is not self.model:
            blocks = list(sampling.sample(model, sum(sizes), self.seed))
            self.advance(sum(sizes))
        labels = sampling.labels(model, sum(sizes), self.seed)
        by_block = [None] * len(sizes) if labels is None else labels.split(sizes)
        samples = [Batch(block, label) for block, label in zip(blocks, by_block, strict=True)]
        return discrimination.discriminate(model, self.device, samples, self.reference)

    @cached_property
    def from_equilibrium(self) -> dict[str, float]:
        """Each phase's last training loss minus its value at the equilibrium, by phase."""
        if not isinstance(self.model, Discriminates):
            return {}
        return discrimination.from_equilibrium(self.model, self.last_record)
