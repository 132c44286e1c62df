"""Data sets by name, in torchvision's folder layout, so that existing copies are used.

A set is one entry of :data:`SETS`; no other code names one. What torchvision holds as an
array becomes the table as it is, unless the entry says otherwise.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from genmodels.data import download, tables
from genmodels.data.decoding import Channels, Fit, reason
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, ReportProgress
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
    """A named set.

    Attributes:
        kind: name of torchvision's class.
        image_shape: (C, H, W).
        train, test: number of images in each split.
        classes: number of labels; 0 for none.
        files: the set's files, below the root.
        options: further arguments of torchvision's class.
        needs: library that the class needs besides our own dependencies.
        split_by_name: the class takes ``split="train"`` in place of ``train=True``.
        adjust: corrects what torchvision's arrays have wrong.
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
    adjust: Callable[[Images], Images] = _unchanged
    read: Read | None = None

    @property
    def lacks(self) -> str:
        """The library in ``needs``, if it is not installed."""
        there = not self.needs or importlib.util.find_spec(self.needs)
        return "" if there else self.needs


def _upright(images: Images) -> Images:
    """Turn images that the files hold lying on their side."""
    return replace(images, table=images.table.transpose(2, 3).contiguous())


def _upright_from_zero(images: Images) -> Images:
    """Turn the images, and count labels from 0 where the files count from 1."""
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
    """Decode the JPEG files, which the list of splits names, like the user's own pictures."""
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
    "mnist": Described("MNIST", *_MNIST, _idx("MNIST", "train", "t10k")),
    "fashion-mnist": Described("FashionMNIST", *_MNIST, _idx("FashionMNIST", "train", "t10k")),
    "kmnist": Described("KMNIST", *_MNIST, _idx("KMNIST", "train", "t10k")),
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


def load(
    name: str,
    root: Path,
    image_size: int | None,
    channels: Channels,
    fit: Fit,
    progress: ReportProgress,
) -> Images:
    """Load a set, downloading what is missing.

    Args:
        name: one of :data:`SETS`.
        root: the folder in which sets lie.
        image_size, channels, fit: for sets whose entry has ``read``, which decodes to them;
            arrays stay as they are.
        progress: called with (what, done, total).

    Raises:
        Unavailable: the set is neither on disk nor downloadable.
        InputError: its files are damaged, or a library that it needs is not installed.
    """
    described = SETS[name]
    if described.lacks:
        raise InputError(
            f"data set {name} is read by {described.lacks}, which is not installed; "
            f"install it with: pip install {described.lacks}"
        )
    if missing(name, root):
        download.fetch(
            name, root, described.files, lambda train: _open(name, root, train, True), progress
        )
    try:
        if described.read:
            return described.read(name, root, image_size, channels, fit, progress)
        return described.adjust(_arrays(name, _open(name, root, True), _open(name, root, False)))
    except InputError:
        raise
    except DAMAGED as error:
        raise InputError(
            f"data set {name} in {root} is damaged or incomplete ({reason(error)}); "
            f"delete {download.listed(described.files)} there to have it downloaded again"
        ) from None


def missing(name: str, root: Path) -> list[str]:
    """List the files of a set that do not lie below a root."""
    return [file for file in SETS[name].files if not (root / file).exists()]


def _open(name: str, root: Path, train: bool, download: bool = False) -> Any:
    """Open torchvision's object of a split."""
    from torchvision import datasets  # takes seconds, and few runs need it

    described = SETS[name]
    by_name = {"split": "train" if train else "test"}
    split = by_name if described.split_by_name else {"train": train}
    kind = getattr(datasets, described.kind)
    return kind(str(root), **split, **described.options, download=download)


def _arrays(name: str, train: Any, test: Any) -> Images:
    """Join torchvision's arrays into one table."""
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
    """Bring torchvision's (N, H, W), (N, H, W, 3) or (N, 3, H, W) to (N, C, H, W), uint8."""
    pixels = torch.as_tensor(part.data)
    if pixels.dim() == 3:
        return pixels.unsqueeze(1)
    return pixels.permute(0, 3, 1, 2) if pixels.shape[3] == 3 else pixels


def _labels(part: Any) -> Tensor:
    return torch.as_tensor(part.targets if hasattr(part, "targets") else part.labels).long()
