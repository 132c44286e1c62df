"""How useful samples with labels are: classifiers learn from them, tested on real images.

The accuracy of a classifier that is trained on samples alone is the classification accuracy score
(Ravuri & Vinyals, Classification Accuracy Score for Conditional Generative Models, 2019), or
GAN-train (Shmelkov, Schmid & Alahari, How good is my GAN?, 2018). A classifier that is trained on
samples beside real images says whether samples are worth something as augmentation (Antoniou,
Storkey & Edwards, Data Augmentation Generative Adversarial Networks, 2017; Azizi et al., Synthetic
Data from Diffusion Models Improves ImageNet Classification, 2023). Beside it stands the
augmentation that needs no model: flips and shifts.

The real training images are all that there are, those that a run held out for validation too: with
a part of them, samples would bring what the model has seen of the others. There are as many
samples, so that they can take the place of the real images. Each set has the same number of steps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from genmodels import runs, sampling
from genmodels.data import pictures
from genmodels.data.augment import NOTHING, Augmentation
from genmodels.data.given import GivenImages
from genmodels.data.images import TEST, TRAIN, Batch, Images
from genmodels.errors import InputError
from genmodels.evaluation import weights
from genmodels.evaluation.draws import DrawProgress, Draws
from genmodels.evaluation.features.extractor import BLOCK
from genmodels.evaluation.features.network import BATCH, FeatureNet, fit
from genmodels.evaluation.reference import Reference
from genmodels.system import randomness

# Measured with seed 0 on validation images of MNIST: 300 steps 97.4 %, 1,000 98.8 %, 2,000 99.0 %.
# They take 80 s of one core, and see each image about five times, so more images can help.
STEPS = 2000
SEEDS = 3  # the interval needs a spread, and each costs as much time again
PART = 8  # part of a side that is the largest shift: 4 of 32 pixels; He et al. (2016), section 4.2

# The sets that a classifier is trained on.
REAL, AUGMENTED, SAMPLES, BOTH = "real", "augmented", "samples", "both"


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Labelled images that a classifier is trained on.

    Attributes:
        parts: images with labels, of which the training splits are taken.
        augmentation: random changes of each batch.
    """

    parts: Sequence[Images]
    augmentation: Augmentation = NOTHING

    @property
    def count(self) -> int:
        """The number of images."""
        return sum(part.count(TRAIN) for part in self.parts)

    def batch(self, seed: int, step: int) -> tuple[Tensor, Tensor]:
        """Draw images (B, C, H, W) and labels (B,); each image of each part is equally likely."""
        generator = randomness.generator(seed, "classifier batch", step)
        chosen = torch.randint(self.count, (BATCH,), generator=generator)
        images, labels = [], []
        for part in self.parts:
            rows = part.splits[TRAIN]
            batch = part.batch(rows[chosen[(chosen >= 0) & (chosen < len(rows))]])
            assert batch.labels is not None, "a classifier needs labels"
            images.append(batch.images)
            labels.append(batch.labels)
            chosen = chosen - len(rows)
        made = self.augmentation(Batch(torch.cat(images)), generator)
        return made.images, torch.cat(labels)


@dataclass(frozen=True, eq=False)
class Accuracies:
    """What classifiers that were trained on one set do on the real test images.

    Attributes:
        images: the number of images that they were trained on.
        values: share of the test images that they are right about, one for each seed.
        right: (N,), the share of the classifiers that are right about each test image.
    """

    images: int
    values: Sequence[float]
    right: Tensor = field(repr=False)


def check(images: Images) -> None:
    """Check that a data set has classes to learn.

    Raises:
        InputError: it has no labels, or one class alone.
    """
    if not images.learnable_classes:
        raise InputError(
            f"`utility`: {images.name} has no labels of two or more classes, which classifiers "
            "could learn; leave it out, or take a labelled set or a folder with one folder for "
            "each class"
        )


def count(images: Images) -> int:
    """Return how many samples stand for the training images: as many, if a classifier sees them."""
    return min(images.count(TRAIN), STEPS * BATCH)


def of_real(images: Images) -> dict[str, TrainingSet]:
    """Return the training sets without samples."""
    shift = max(1, min(images.image_shape[1:]) // PART)
    return {
        REAL: TrainingSet([images]),
        AUGMENTED: TrainingSet([images], Augmentation(flip=True, shift=shift)),
    }


def of_samples(images: Images, samples: Images) -> dict[str, TrainingSet]:
    """Return the training sets with samples."""
    return {SAMPLES: TrainingSet([samples]), BOTH: TrainingSet([images, samples])}


def is_labelled(subject: runs.Folder | GivenImages) -> bool:
    """Return whether the samples of a run, or given images, have labels."""
    if isinstance(subject, GivenImages):
        return subject.labels is not None
    return sampling.load_model(subject.latest()).num_classes > 0


def draw(
    folder: runs.Folder,
    reference: Reference,
    seed: int,
    device: torch.device,
    progress: DrawProgress,
) -> Images:
    """Draw samples of a conditional model, by the shares of the classes in its training images.

    Args:
        folder: of the run.
        reference: the real images.
        seed: of labels and latents.
        device: where to compute.
        progress: called with (done, total), in images.
    """
    saved, wanted = folder.latest(), count(reference.images)
    split = reference.with_validation(folder.settings.data.validation)
    model = weights.load(saved, weights.headline(saved), split, device)
    draws = Draws(seed, wanted, progress)
    table = torch.cat([pictures.to_uint8(block) for block in draws(model, wanted)])
    labels = sampling.labels(model, wanted, seed)
    assert labels is not None, "the model is conditional"
    return samples_of(table, labels, reference.images)


def given(subject: GivenImages, images: Images) -> Images:
    """Return given images, which have labels, as samples."""
    assert subject.labels is not None, "the images have labels"
    table = torch.cat([pictures.to_uint8(block) for block in subject.blocks(BLOCK)])
    return samples_of(table, subject.labels, images)


def samples_of(table: Tensor, labels: Tensor, images: Images) -> Images:
    """Return samples (N, C, H, W), uint8, with labels (N,), as images of the classes of a set."""
    rows = {TRAIN: torch.arange(len(table))}
    return replace(images, table=table, labels=labels, splits=rows, mapped=False, each=None)


def accuracies(data: TrainingSet, images: Images, advance: Callable[[int], None]) -> Accuracies:
    """Train a classifier for each seed on a set, and test each on the real test images.

    Args:
        data: the set.
        images: the real images.
        advance: called with the number of steps that are done, of all seeds.
    """

    def of_seed(seed: int) -> Tensor:
        return tested(data, images, seed, lambda step: advance(seed * STEPS + step))

    right = torch.stack([of_seed(seed) for seed in range(SEEDS)])
    return Accuracies(data.count, right.mean(1).tolist(), right.mean(0))


def tested(data: TrainingSet, images: Images, seed: int, advance: Callable[[int], None]) -> Tensor:
    """Train one classifier, and say which of the N real test images it is right about.

    The network is that of the domain features, on the CPU, whose bits repeat.

    Args:
        data: the images to train on.
        images: the real images.
        seed: of the initial weights and of the batches.
        advance: called with the number of steps that are done.

    Returns:
        (N,), float64, 1 or 0.
    """
    with randomness.placed(seed, "classifier"):
        net = FeatureNet(images.image_shape[0], len(images.classes))
    fit(net, STEPS, lambda step: data.batch(seed, step), advance)
    return _right(net.eval(), images)


@torch.no_grad()
def _right(net: FeatureNet, images: Images) -> Tensor:
    found = []
    for rows in images.splits[TEST].split(BLOCK):
        batch = images.batch(rows)
        found.append(net(batch.images).argmax(1) == batch.labels)
    return torch.cat(found).double()
