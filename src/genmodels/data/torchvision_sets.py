"""The data sets of torchvision, in its folder layout, so that existing copies are used.

A set is one entry of :data:`SETS`. The arrays that torchvision reads become the table without
changes, unless the entry has ``adjust`` or ``read``.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genmodels.data import download, idx, resize, tables
from genmodels.data.decoding import Channels, Fit, reason
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, ReportProgress
from genmodels.data.sources import Listed, Whereabouts
from genmodels.data.workers import Pictures
from genmodels.errors import InputError

CELEBA_SIZE = 64  # pixels, the usual size in comparisons of generative models
CELEBA_SPLITS = {"0": TRAIN, "2": TEST}  # without "1", the set's own validation split
# Errors of torchvision's readers on damaged files. It checks the hash of pickles beforehand.
DAMAGED = (OSError, EOFError, RuntimeError, ValueError, TypeError, LookupError, AssertionError)

# (name, root, image_size, channels, fit, progress) → the set
Read = Callable[[str, Path, int | None, Channels, Fit, ReportProgress], Images]


def _unchanged(images: Images) -> Images:
    return images


@dataclass(frozen=True)
class Described:
    """A data set of torchvision.

    Attributes:
        kind: name of torchvision's class.
        image_shape: (C, H, W).
        train, test: number of images in each split.
        classes: number of classes; 0 without labels.
        files: the set's files, below the root.
        options: further arguments of torchvision's class.
        needs: a library that the class needs and that this package does not depend on.
        split_by_name: true if the class takes ``split="train"`` in place of ``train=True``.
        class_names: of a set in MNIST's format, whose files are read without torchvision.
        adjust: corrects errors in torchvision's arrays.
        read: reads the files in place of torchvision's class, which then only downloads.
    """

    kind: str
    image_shape: tuple[int, int, int]
    train: int
    test: int
    classes: int
    files: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    needs: str = ""
    split_by_name: bool = False
    class_names: tuple[str, ...] = ()
    adjust: Callable[[Images], Images] = _unchanged
    read: Read | None = None

    @property
    def lacks(self) -> str:
        """The library in ``needs`` if it is not installed, else an empty string."""
        installed = not self.needs or importlib.util.find_spec(self.needs)
        return "" if installed else self.needs


def _upright(images: Images) -> Images:
    """Transpose images whose files have rows and columns exchanged."""
    return replace(images, table=images.table.transpose(2, 3).contiguous())


def _upright_from_zero(images: Images) -> Images:
    """Transpose images, and count labels from 0: the files count from 1."""
    assert images.labels is not None
    return replace(_upright(images), labels=images.labels - 1, classes=images.classes[1:])


def _celeba(
    name: str,
    root: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
) -> Images:
    """Decode the JPEG files in the list of splits, in the same way as a folder of pictures."""
    folder = root.resolve() / "celeba"
    lines = (folder / "list_eval_partition.txt").read_text(encoding="utf-8").splitlines()
    split_of = dict(line.split() for line in lines if line.strip())
    chosen = {file: CELEBA_SPLITS[s] for file, s in split_of.items() if s in CELEBA_SPLITS}
    pictures = Pictures(
        folder / "img_align_celeba", tuple(chosen), image_size or CELEBA_SIZE, channels, fit
    )
    table = tables.load(pictures, progress)
    held_out = torch.tensor([split == TEST for split in chosen.values()])
    rows = torch.arange(len(chosen))
    splits = {TRAIN: rows[~held_out], VALIDATION: rows[:0], TEST: rows[held_out]}
    return Images(name, table.images, splits, notes=table.notes, mapped=True)


def _below(folder: str, *files: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{file}" for file in files)


def _idx(folder: str, train: str, test: str) -> tuple[str, ...]:
    """List the four files of a set in MNIST's format."""
    parts = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return _below(
        f"{folder}/raw", *(f"{split}-{part}" for split in (train, test) for part in parts)
    )


_MNIST = ((1, 28, 28), 60_000, 10_000, 10)
_CIFAR = ((3, 32, 32), 50_000, 10_000)
_EMNIST = {  # training images, test images, classes
    "balanced": (112_800, 18_800, 47),
    "byclass": (697_932, 116_323, 62),
    "bymerge": (697_932, 116_323, 47),
    "digits": (240_000, 40_000, 10),
    "letters": (124_800, 20_800, 26),
    "mnist": (60_000, 10_000, 10),
}
_STL10 = ("train_X.bin", "train_y.bin", "unlabeled_X.bin", "test_X.bin", "test_y.bin")

SETS = {
    "mnist": Described("MNIST", *_MNIST, _idx("MNIST", "train", "t10k"), class_names=idx.DIGITS),
    "fashion-mnist": Described(
        "FashionMNIST", *_MNIST, _idx("FashionMNIST", "train", "t10k"), class_names=idx.CLOTHES
    ),
    "kmnist": Described(
        "KMNIST", *_MNIST, _idx("KMNIST", "train", "t10k"), class_names=idx.HIRAGANA
    ),
    **{
        f"emnist-{split}": Described(
            "EMNIST",
            (1, 28, 28),
            *counts,
            _idx("EMNIST", f"emnist-{split}-train", f"emnist-{split}-test"),
            {"split": split},
            adjust=_upright_from_zero if split == "letters" else _upright,
        )
        for split, counts in _EMNIST.items()
    },
    "usps": Described("USPS", (1, 16, 16), 7_291, 2_007, 10, ("usps.bz2", "usps.t.bz2")),
    "cifar10": Described(
        "CIFAR10",
        *_CIFAR,
        10,
        _below(
            "cifar-10-batches-py",
            *(f"data_batch_{number}" for number in range(1, 6)),
            "test_batch",
            "batches.meta",
        ),
    ),
    "cifar100": Described(
        "CIFAR100", *_CIFAR, 100, _below("cifar-100-python", "train", "test", "meta")
    ),
    "svhn": Described(
        "SVHN",
        (3, 32, 32),
        73_257,
        26_032,
        10,
        ("train_32x32.mat", "test_32x32.mat"),
        needs="scipy",
        split_by_name=True,
    ),
    "stl10": Described(
        "STL10",
        (3, 96, 96),
        5_000,
        8_000,
        10,
        _below("stl10_binary", *_STL10),
        split_by_name=True,
    ),
    "celeba": Described(
        "CelebA",
        (3, CELEBA_SIZE, CELEBA_SIZE),
        162_770,
        19_962,
        0,
        _below("celeba", "img_align_celeba", "list_eval_partition.txt"),
        split_by_name=True,
        read=_celeba,
    ),
}


def names() -> list[str]:
    """List the sets of torchvision."""
    return list(SETS)


def describe(name: str, root: Path) -> Listed:
    """Describe a set and its place, without opening it."""
    entry = SETS[name]
    place: Whereabouts = "downloadable" if missing(name, root) else "on disk"
    note = f"{place}; needs {entry.lacks}, which is not installed" if entry.lacks else place
    return Listed(name, entry.image_shape, entry.train, entry.test, entry.classes, place, note)


def load(
    name: str,
    root: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
) -> Images:
    """Load a set, after downloading missing files.

    The arguments are those of :func:`genmodels.data.load`. ``fit`` is for sets with ``read``.

    Raises:
        Unavailable: the set is neither on disk nor downloadable.
        InputError: its files are damaged, or a library that it needs is not installed.
    """
    described = SETS[name]
    if described.lacks:
        raise InputError(
            f"data set {name} needs {described.lacks}, which is not installed; "
            f"install it with: pip install {described.lacks}"
        )
    if missing(name, root):
        download.fetch(
            name, root, described.files, lambda train: _open(name, root, train, True), progress
        )
    try:
        if described.read:
            images = described.read(name, root, image_size, channels, fit, progress)
        else:
            arrays = _arrays(name, _open(name, root, True), _open(name, root, False))
            images = described.adjust(arrays)
    except InputError:
        raise
    except DAMAGED as error:
        raise InputError(
            f"data set {name} in {root} is damaged or incomplete ({reason(error)}); "
            f"delete {download.listed(described.files)} there to download it again"
        ) from None
    return resize.fit_table(images, image_size, channels)


def missing(name: str, root: Path) -> list[str]:
    """List the files of a set that are missing below a root."""
    return [file for file in SETS[name].files if not (root / file).exists()]


def _open(name: str, root: Path, train: bool, download: bool = False) -> Any:
    """Return a split: torchvision's data set object, or one with the same attributes."""
    described = SETS[name]
    if described.class_names and not download:
        files = described.files[:2] if train else described.files[2:]
        pixels, labels = (idx.read(root / file) for file in files)
        return idx.Split(pixels, labels, described.class_names)
    from torchvision import datasets  # here, because it takes seconds and few runs need it

    by_name = {"split": "train" if train else "test"}
    split = by_name if described.split_by_name else {"train": train}
    kind = getattr(datasets, described.kind)
    return kind(str(root), **split, **described.options, download=download)


def _arrays(name: str, train: Any, test: Any) -> Images:
    """Join torchvision's two splits into one table."""
    parts = [(_pixels(part), _labels(part)) for part in (train, test)]
    for pixels, numbers in parts:
        if len(pixels) != len(numbers):
            raise ValueError(f"{len(pixels):,} images, but {len(numbers):,} labels")
    table = torch.cat([pixels for pixels, _ in parts])
    labels = torch.cat([numbers for _, numbers in parts])
    classes = tuple(getattr(train, "classes", map(str, range(SETS[name].classes))))
    rows = torch.arange(len(table))
    first = len(parts[0][0])
    splits = {TRAIN: rows[:first], VALIDATION: rows[:0], TEST: rows[first:]}
    return Images(name, table.contiguous(), splits, labels, classes)


def _pixels(part: Any) -> Tensor:
    """Convert torchvision's (N, H, W), (N, H, W, 3) or (N, 3, H, W) to (N, C, H, W), uint8."""
    pixels = torch.as_tensor(part.data)
    if pixels.dim() == 3:
        return pixels.unsqueeze(1)
    return pixels.permute(0, 3, 1, 2) if pixels.shape[3] == 3 else pixels


def _labels(part: Any) -> Tensor:
    return torch.as_tensor(part.targets if hasattr(part, "targets") else part.labels).long()
