"""What a further judge says: the samples of an evaluation, compared by other features.

The first judge of a comparison gives all numbers. Each further one gives FD and the metrics of
:data:`BY_ALL`, under keys with its name: ``fd_random``, ``kid_random``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from genmodels import runs
from genmodels.evaluation import weights
from genmodels.evaluation.draws import DrawProgress, Draws
from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import scores
from genmodels.evaluation.metrics.drawn import Drawn
from genmodels.evaluation.metrics.metric import values
from genmodels.evaluation.metrics.samples import Samples
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.metrics.table import further_metrics
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Model

TRAINED_ON = "the model was trained on these features"


@dataclass(frozen=True, repr=False)
class Judgement:
    """The numbers of a run, or of given images, by a further judge.

    Attributes:
        numbers: key → value.
        undefined: key → why there is no value.
        influence: key → (N,), how much each test image counts in a number, to first order.
    """

    numbers: Mapping[str, float]
    undefined: Mapping[str, str]
    influence: Mapping[str, Tensor] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        shown = ", ".join(f"{key} {value:.4g}" for key, value in self.numbers.items())
        return f"<Judgement: {shown or 'no numbers'}>"


def score(drawn: Drawn, real: Features | None = None) -> Scored:
    """Score images as a further judge does, with the features of this judge.

    Args:
        drawn: the images.
        real: features to compare with instead of those of all test images.
    """
    extractor = drawn.reference.extractor.name
    rows = further_metrics(scores.fd_name(drawn.reference), extractor)
    found = values(rows, Samples(drawn.reference, drawn.features, real))
    return Scored(found.numbers, found.undefined, [])


def of_images(reference: Reference, blocks: Iterable[Tensor]) -> Judgement:
    """Judge images in blocks (n, C, H, W)."""
    features = reference.extractor(blocks)
    found = score(Drawn(reference, [], features, None))
    return Judgement(found.numbers, found.undefined, scores.influence(reference, features))


def of_model(
    model: Model, blocks: Sequence[Tensor], judges: Sequence[Reference]
) -> list[Judgement]:
    """Judge the samples of a model. A judge says nothing of a model trained on its features."""
    return [
        _silent(judge) if judge.extractor.name in model.trained_on_features
        else of_images(judge, blocks)
        for judge in judges
    ]  # fmt: skip


def of_run(
    folder: runs.Folder,
    reference: Reference,
    judges: Sequence[Reference],
    seed: int,
    device: torch.device,
    progress: DrawProgress,
) -> list[Judgement]:
    """Judge a run that was evaluated before; the samples of its evaluation are drawn again.

    Args:
        folder: of the run.
        reference: the real images, in the splits of the run.
        judges: the real images, with the features of each judge.
        seed: of the samples.
        device: where to compute.
        progress: called with (done, total), in images.
    """
    saved = folder.latest()
    model = weights.load(saved, weights.headline(saved), reference, device)
    draws = Draws(seed, reference.count, progress)
    return of_model(model, list(draws(model, reference.count)), judges)


def _silent(judge: Reference) -> Judgement:
    rows = further_metrics(scores.fd_name(judge), judge.extractor.name)
    return Judgement({}, {row.key: TRAINED_ON for row in rows})


def joined(
    numbers: Mapping[str, float],
    undefined: Mapping[str, str],
    further: Iterable[Judgement | Scored],
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the numbers of the first judge with those of further ones, and why others lack.

    Those of further judges are behind the first number, which is FD.
    """
    items, more, reasons = list(numbers.items()), dict[str, float](), dict(undefined)
    for each in further:
        more |= each.numbers
        reasons |= each.undefined
    return {**dict(items[:1]), **more, **dict(items[1:])}, reasons
