"""Images → features: what distances between sets of images are measured on.

The features of a *domain* are those of a small classifier trained on that very data set;
where there are no labels, it learns to tell how far an image was turned (Gidaris et al.,
2018). An extractor is known by a hash of its weights, and travels as one safetensors file.
"""

from pathlib import Path

import platformdirs
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, ReportProgress
from genmodels.errors import InputError, nearest
from genmodels.evaluation.features import inception
from genmodels.evaluation.features.extractor import BLOCK, Extractor, hash_of
from genmodels.runs import checkpoint
from genmodels.system import randomness

WIDTHS = (16, 32, 64, 64)  # feature maps; the last are the features: 60,000 weights, 240 kB
NAMES = ("auto", "domain", "random", "inception")
STEPS, BATCH, LR = 3500, 128, 3e-3  # measured: 99.2 % on MNIST's test images
SHIFT = 2  # pixels by which training images are moved about
TURNS = 4  # quarter turns that are told apart where there are no labels
KIND = "features"  # in the header of a file


class FeatureNet(nn.Module):
    """Four levels of 3x3 convolutions, batch normalisation and ReLU, averaged over space.

    Args:
        channels: of the images.
        outputs: what the last layer tells apart.
    """

    def __init__(self, channels: int, outputs: int):
        super().__init__()
        self.channels, self.outputs = channels, outputs
        levels: list[nn.Module] = []
        inputs = channels
        for depth, width in enumerate(WIDTHS):
            stride = 2 if depth else 1
            levels.append(nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False))
            levels += [nn.BatchNorm2d(width), nn.ReLU()]
            inputs = width
        self.body = nn.Sequential(*levels)
        self.head = nn.Linear(inputs, outputs)

    def features(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] → (B, 64)."""
        return self.body(images - 0.5).mean((2, 3))

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] → logits (B, outputs)."""
        return self.head(self.features(images))


def choose(name: str, images: Images, progress: ReportProgress) -> Extractor:
    """Find the extractor that a user asks for.

    Args:
        name: ``auto`` or ``domain``: trained on this data set, by us, earlier or now;
            ``random``; ``inception``; or the path of a file that :func:`save` wrote.
        images: what it shall see.
        progress: is told how far training is.

    Raises:
        InputError: there is no such extractor, or it does not fit the images.
    """
    if name in ("auto", "domain"):
        if images.each is not None:
            return _each_channel(_domain(images.each, progress))
        return _domain(images, progress)
    if name == "random":
        return untrained(images.image_shape[0])
    if name == "inception":
        return inception.extractor()
    path = Path(name)
    if not path.is_file():
        raise InputError(
            f"unknown `features` {name!r}{nearest(name, list(NAMES))}; use {', '.join(NAMES)}, or "
            "a file of features that compare has trained"
        )
    return load(path, path.stem, images)


def _domain(images: Images, progress: ReportProgress) -> Extractor:
    """Features of this very data: shipped with the package, or trained once and kept."""
    file = f"{images.fingerprint[:16]}.safetensors"
    shipped = Path(__file__).parent / "weights" / file
    kept = platformdirs.user_cache_path("genmodels") / "features" / file
    if not shipped.is_file() and not kept.is_file():
        net, accuracy = train(images, progress, STEPS)
        kept.parent.mkdir(parents=True, exist_ok=True)
        save(kept, net, images, accuracy)
    return load(shipped if shipped.is_file() else kept, "domain", images)


def of_net(name: str, net: FeatureNet, classifies: bool) -> Extractor:
    """Make an extractor of a network; ``classifies``: its outputs are the data's classes."""
    net.eval()

    def see(images: Tensor) -> tuple[Tensor, Tensor | None]:
        values = net.features(images)
        return values, net.head(values) if classifies else None

    return Extractor(name, hash_of(net.state_dict()), see)


def _each_channel(one: Extractor) -> Extractor:
    """See every channel by itself: features beside one another, and a class for each
    combination of classes."""

    def see(images: Tensor) -> tuple[Tensor, Tensor | None]:
        seen = [one.see(channel) for channel in images.split(1, 1)]
        joint: Tensor | None = None
        for _, logits in seen:
            if logits is None:
                return torch.cat([values for values, _ in seen], 1), None
            own = logits.log_softmax(1)
            joint = own if joint is None else (joint.unsqueeze(2) + own.unsqueeze(1)).flatten(1)
        return torch.cat([values for values, _ in seen], 1), joint

    return Extractor(one.name, one.hash, see)


def untrained(channels: int) -> Extractor:
    """A network of fixed random weights: a guard against features that favour a family."""
    with randomness.placed(0, "random features"):
        net = FeatureNet(channels, 1)
    return of_net("random", net, classifies=False)


def train(images: Images, progress: ReportProgress, steps: int) -> tuple[FeatureNet, float]:
    """Train the network of a data set on everything but its test split.

    Args:
        images: with labels of two classes or more, else turned images are told apart.
        progress: is told how far it is.
        steps: of Adam under a one-cycle schedule (Smith & Topin, 2019).

    Returns:
        The network, and its accuracy on the test split.
    """
    classes = classes_of(images)
    rows = torch.cat([images.splits[TRAIN], images.splits[VALIDATION]]).sort().values
    with randomness.placed(0, "domain features"):
        net = FeatureNet(images.image_shape[0], classes or TURNS)
    optimizer = torch.optim.Adam(net.parameters(), LR)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
    for step in range(steps):
        generator = randomness.generator(0, "domain batch", step)
        chosen = rows[torch.randint(len(rows), (BATCH,), generator=generator)]
        pictures, labels = _task(images, chosen, classes, generator)
        optimizer.zero_grad()
        F.cross_entropy(net(_moved(pictures, generator)), labels).backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 49 or step == steps - 1:
            progress("training the features of this data set", step + 1, steps)
    return net, _accuracy(net, images, classes)


def classes_of(images: Images) -> int:
    """How many classes a classifier could learn; 0 where there is nothing to tell apart."""
    return len(images.classes) if images.labels is not None and len(images.classes) > 1 else 0


def save(path: Path, net: FeatureNet, images: Images, accuracy: float) -> None:
    """Write a trained network with what it was trained on.

    Raises:
        InputError: the file cannot be written.
    """
    header = {
        "kind": KIND,
        "channels": net.channels,
        "outputs": net.outputs,
        "classifies": classes_of(images) > 0,
        "data": images.name,
        "fingerprint": images.fingerprint,
        "accuracy": accuracy,
    }
    checkpoint.save(path, net.state_dict(), header)


def load(path: Path, name: str, images: Images) -> Extractor:
    """Read a trained network that fits images.

    Raises:
        InputError: the file is damaged, holds something else, or was made for other images.
    """
    saved = checkpoint.load(path)
    if saved.header.get("kind") != KIND:
        raise InputError(f"{path} holds no features; give a file that compare has trained")
    channels = saved.header["channels"]
    if channels != images.image_shape[0]:
        raise InputError(
            f"{path} was trained on images with {channels} channel(s), {images.name} has "
            f"{images.image_shape[0]}; use `features=domain`"
        )
    net = FeatureNet(channels, saved.header["outputs"])
    net.load_state_dict(dict(saved.tensors))
    classifies = saved.header["classifies"] and saved.header["outputs"] == classes_of(images)
    return of_net(name, net, classifies)


def _task(
    images: Images, rows: Tensor, classes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Images and what is to be told about them: their class, or how far they were turned."""
    batch = images.batch(rows)
    if classes and batch.labels is not None:
        return batch.images, batch.labels
    turns = torch.randint(TURNS, (len(rows),), generator=generator)
    size = min(batch.images.shape[2:])  # a turned image keeps its shape only where it is square
    squares = batch.images[..., :size, :size]
    turned = [torch.rot90(image, int(n), (1, 2)) for image, n in zip(squares, turns, strict=True)]
    return torch.stack(turned), turns


def _moved(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift all images of a batch by the same few pixels."""
    down, right = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=generator).tolist()
    padded = F.pad(images, (SHIFT,) * 4, mode="replicate")
    height, width = images.shape[2:]
    return padded[..., SHIFT + down :, SHIFT + right :][..., :height, :width]


@torch.no_grad()
def _accuracy(net: FeatureNet, images: Images, classes: int) -> float:
    net.eval()
    right, count = 0, 0
    for rows in images.splits[TEST].split(BLOCK):
        pictures, labels = _task(images, rows, classes, randomness.generator(0, "test turns"))
        right += int((net(pictures).argmax(1) == labels).sum())
        count += len(rows)
    return right / count if count else float("nan")
