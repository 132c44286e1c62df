"""Domain features: those of a small classifier trained on the data set itself.

Without labels, it is trained to predict by how many quarter turns an image was rotated (Gidaris
et al., 2018). An extractor is saved as one safetensors file.
"""

from pathlib import Path

import torch
from torch import Tensor

from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, ReportProgress
from genmodels.errors import InputError
from genmodels.evaluation.features.augmentation import augmented
from genmodels.evaluation.features.extractor import BLOCK, Extractor, hash_of
from genmodels.evaluation.features.network import BATCH, FeatureNet, fit
from genmodels.runs import checkpoint
from genmodels.system import cache, randomness

STEPS = 3500  # measured: 99.1 % on MNIST's test images
TURNS = 4  # the classes of a data set without labels: 0 to 3 quarter turns
NAME = "domain"  # of these features
PROTOCOL = 2  # of training: 1 had shifts alone; networks of another protocol are trained again
KIND = "features"  # in the header of a file


def announcement(images: Images) -> str:
    """Return what a user should know before :func:`extractor` trains a network; else empty."""
    if _kept(images.each or images).is_file():
        return ""
    return (
        f"{images.name} has no features to compare by yet: a small network is trained for them, "
        f"once, {STEPS:,} steps; `features=random` needs none"
    )


def _kept(images: Images) -> Path:
    """Return the file of the network of a data set: in the package, or else in the cache."""
    name = images.fingerprint[:16]
    packaged = Path(__file__).parent / "weights" / f"{name}.safetensors"
    cached = cache.path("features") / f"{name}-{PROTOCOL}.safetensors"
    return packaged if packaged.is_file() else cached


def extractor(images: Images, progress: ReportProgress) -> Extractor:
    """Load the network of a data set, or train and keep it.

    Where each channel is an image of another set, its network is applied to each.

    Args:
        images: the data set.
        progress: called with (what, done, total), in training steps.
    """
    if images.each is not None:
        return _per_channel(extractor(images.each, progress))
    file = _kept(images)
    if not file.is_file():
        net, accuracy = train(images, progress, STEPS)
        if not cache.keep(file, lambda path: save(path, net, images, accuracy)):
            return of_net(NAME, net, images.learnable_classes > 0)
    return load(file, NAME, images)


def of_net(name: str, net: FeatureNet, classifies: bool) -> Extractor:
    """Return the extractor of a network.

    Args:
        name: of the extractor.
        net: the network, which is switched to evaluation mode.
        classifies: whether its outputs are the classes of the data set.
    """
    net.eval()

    def extract(images: Tensor) -> tuple[Tensor, Tensor | None]:
        values = net.features(images)
        return values, net.head(values) if classifies else None

    return Extractor(name, hash_of(net.state_dict()), extract)


def _per_channel(grey: Extractor) -> Extractor:
    """Apply an extractor to each channel and concatenate the features.

    A class is a combination of the channels' classes.
    """

    def extract(images: Tensor) -> tuple[Tensor, Tensor | None]:
        channels = [grey.extract(channel) for channel in images.split(1, 1)]
        features = torch.cat([values for values, _ in channels], 1)
        joint: Tensor | None = None
        for _, logits in channels:
            if logits is None:
                return features, None
            log_p = logits.log_softmax(1)
            joint = log_p if joint is None else (joint.unsqueeze(2) + log_p.unsqueeze(1)).flatten(1)
        return features, joint

    return Extractor(grey.name, grey.hash, extract)


def train(
    images: Images, progress: ReportProgress, steps: int, seed: int = 0
) -> tuple[FeatureNet, float]:
    """Train the network of a data set on its training and validation splits.

    Args:
        images: the data set. Without labels of two or more classes, rotations are predicted.
        progress: called with (what, done, total), in steps.
        steps: of training.
        seed: of the initial weights and of the batches; that of the domain features is 0.

    Returns:
        The network, and its accuracy on the test split.
    """
    classes = images.learnable_classes
    rows = torch.cat([images.splits[TRAIN], images.splits[VALIDATION]]).sort().values
    with randomness.placed(seed, "domain features"):
        net = FeatureNet(images.image_shape[0], classes or TURNS)

    def draw(step: int) -> tuple[Tensor, Tensor]:
        generator = randomness.generator(seed, "domain batch", step)
        chosen = rows[torch.randint(len(rows), (BATCH,), generator=generator)]
        pictures, labels = _task(images, chosen, classes, generator)
        return augmented(pictures, generator), labels

    def advance(step: int) -> None:
        progress("training the features of this data set", step, steps)

    fit(net, steps, draw, advance)
    return net, _accuracy(net, images, classes)


def save(path: Path, net: FeatureNet, images: Images, accuracy: float) -> None:
    """Write a trained network, with its accuracy and the name of its data set.

    Raises:
        InputError: the file cannot be written.
    """
    header = {
        "kind": KIND,
        "channels": net.channels,
        "outputs": net.outputs,
        "classifies": images.learnable_classes > 0,
        "data": images.name,
        "fingerprint": images.fingerprint,
        "accuracy": accuracy,
    }
    checkpoint.save(path, net.state_dict(), header)


def load(path: Path, name: str, images: Images) -> Extractor:
    """Read a network that :func:`save` wrote.

    Raises:
        InputError: the file is damaged, holds no features, or has another number of channels
            than the images.
    """
    saved = checkpoint.load(path)
    channels, outputs = saved.header.get("channels"), saved.header.get("outputs")
    if not (
        saved.header.get("kind") == KIND and isinstance(channels, int) and isinstance(outputs, int)
    ):
        raise InputError(f"{path} holds no features; give a file that compare has trained")
    if channels != images.image_shape[0]:
        raise InputError(
            f"{path} was trained on images with {channels} channel(s), {images.name} has "
            f"{images.image_shape[0]}; use `features=domain`"
        )
    net = FeatureNet(channels, outputs)
    net.load_state_dict(dict(saved.tensors))
    classifies = bool(saved.header.get("classifies")) and outputs == images.learnable_classes
    return of_net(name, net, classifies)


def _task(
    images: Images, rows: Tensor, classes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return images and the labels to predict: their classes, or their quarter turns."""
    batch = images.batch(rows)
    if classes and batch.labels is not None:
        return batch.images, batch.labels
    turns = torch.randint(TURNS, (len(rows),), generator=generator)
    size = min(batch.images.shape[2:])  # only a square image keeps its shape when rotated
    squares = batch.images[..., :size, :size]
    rotated = [torch.rot90(image, int(n), (1, 2)) for image, n in zip(squares, turns, strict=True)]
    return torch.stack(rotated), turns


@torch.no_grad()
def _accuracy(net: FeatureNet, images: Images, classes: int) -> float:
    net.eval()
    correct, count = 0, 0
    for rows in images.splits[TEST].split(BLOCK):
        pictures, labels = _task(images, rows, classes, randomness.generator(0, "test turns"))
        correct += int((net(pictures).argmax(1) == labels).sum())
        count += len(rows)
    return correct / count if count else float("nan")
