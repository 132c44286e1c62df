"""What is measured of a model beyond its samples, by what it can; and why the rest is not."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from torch import Tensor

from genmodels import runs, sampling
from genmodels.data.images import TEST, Batch
from genmodels.evaluation.draws import Draws
from genmodels.evaluation.features.extractor import Features
from genmodels.evaluation.metrics import distances, likelihood
from genmodels.evaluation.reference import FEWEST, Reference
from genmodels.models.base import ABILITIES, Discriminates, Encodes, Likelihood, Model, Pixels

WITHOUT = {ability.protocol: ability.without for ability in ABILITIES}
LABELS = "the model takes no labels, or the extractor knows no classes"
OPTIONAL = {  # what is defined for some families alone → why it is not for the others
    "reconstruction_error": WITHOUT[Encodes],
    "latents_to_prior": WITHOUT[Encodes],
    **{f"nll_{pixels}": "no likelihood, or one of other pixels" for pixels in get_args(Pixels)},
    "active_units": WITHOUT[Likelihood],
    "label_accuracy": LABELS,
    "distance_within_classes": LABELS,
    "discriminator_ranks": WITHOUT[Discriminates],
    "discriminator_right": "no discriminator, or one that orders images and decides on none",
    "discriminator_from": "no discriminator, or one whose losses have no equilibrium",
    "generator_from": "no discriminator, or one whose losses have no equilibrium",
}


def lacking(numbers: Mapping[str, float]) -> dict[str, str]:
    """The numbers that there are not, by the beginning of their names → why."""
    return {
        prefix: why
        for prefix, why in OPTIONAL.items()
        if not any(name.startswith(prefix) for name in numbers)
    }


def planned(model: Model, reference: Reference) -> int:
    """How many images :func:`measure` asks of a model beside its samples."""
    return 2 * min(likelihood.AT_MOST, reference.count) if isinstance(model, Encodes) else 0


def measure(
    model: Model,
    folder: runs.Folder,
    reference: Reference,
    features: Features,
    kept: Sequence[Tensor],
    draws: Draws,
) -> dict[str, float]:
    """The numbers that only some families have."""
    seed = draws.seed
    numbers: dict[str, float] = {}
    records = folder.log()
    last: Mapping[str, Any] = records[-1] if records else {}
    if isinstance(model, Encodes):
        numbers |= likelihood.of_encoder(model, reference, draws.count)
    if isinstance(model, Likelihood):
        numbers |= likelihood.of_likelihood(model, reference)
    if isinstance(model, Discriminates):
        samples = _with_labels(model, kept[: -(-likelihood.AT_MOST // sampling.BLOCK)], seed)
        numbers |= likelihood.of_discriminator(model, samples, reference, last)
    if model.num_classes:
        numbers |= of_labels(model, reference, features, seed)
    # What the run logged of the test split with its last weights, on the images as they are.
    logged = {k: v for k, v in last.items() if k.startswith("test.")}
    return numbers | {f"logged_{k.partition('.')[2]}": float(v) for k, v in logged.items()}


def of_labels(
    model: Model, reference: Reference, features: Features, seed: int
) -> dict[str, float]:
    """The share of samples that look like the class they were generated for, and the mean
    over classes of the Fréchet distance to the test images of that class."""
    labels, real = sampling.labels(model, reference.count, seed), reference.images.labels
    if labels is None or features.labels is None or real is None:
        return {}
    rows = reference.random_rows(TEST, reference.count)
    apart = []
    for label in range(model.num_classes):
        sides = reference.table[rows[real[rows] == label]], features[labels == label]
        if min(len(side.values) for side in sides) >= FEWEST:
            apart.append(distances.frechet(*(distances.gaussian(s.values) for s in sides)))
    numbers = {"label_accuracy": (features.labels == labels).double().mean().item()}
    if apart:
        numbers["distance_within_classes"] = sum(apart) / len(apart)
    return numbers


def _with_labels(model: Model, blocks: Sequence[Tensor], seed: int) -> list[Batch]:
    """Samples, with the labels that they were generated for."""
    sizes = [len(block) for block in blocks]
    known = sampling.labels(model, sum(sizes), seed)
    labels = [None] * len(sizes) if known is None else list(known.split(sizes))
    return [Batch(block, label) for block, label in zip(blocks, labels, strict=True)]
