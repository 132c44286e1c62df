"""Data sets by name, in torchvision's folder layout, so that existing copies are used.

What torchvision holds as an array becomes the table as it is; only CelebA, a folder of
JPEG files, is decoded picture by picture.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.error import URLError

import numpy as np
import torch
from torch import Tensor
from torchvision import datasets

from genmodels.data import folder
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, Progress
from genmodels.errors import InputError

STALL_SECONDS = 20.0  # after which a download that does not move is given up
CELEBA_SIZE = 64  # Liu et al. (2015) faces at the size generative models are compared at


class Unavailable(InputError):
    """A set is neither on disk nor downloadable."""


@dataclass(frozen=True)
class Described:
    """A named set.

    Attributes:
        open: ``(root, training split?, download?)`` → torchvision's data set.
        image_shape: (C, H, W).
        train, test: how many images each split has.
        classes: how many labels there are; 0 for none.
        folder: where its files lie below the root.
    """

    open: Callable[[Path, bool, bool], Any]
    image_shape: tuple[int, int, int]
    train: int
    test: int
    classes: int
    folder: str


def _by_train(kind: Any, **options: Any) -> Callable[[Path, bool, bool], Any]:
    def open_split(root: Path, train: bool, download: bool) -> Any:
        return kind(str(root), train=train, download=download, **options)

    return open_split


def _by_split(kind: Any, train: str, **options: Any) -> Callable[[Path, bool, bool], Any]:
    def open_split(root: Path, is_train: bool, download: bool) -> Any:
        return kind(str(root), split=train if is_train else "test", download=download, **options)

    return open_split


_GREY, _COLOUR = (1, 28, 28), (3, 32, 32)
_EMNIST = {  # split → train, test, classes (Cohen et al., 2017, table II)
    "balanced": (112_800, 18_800, 47),
    "byclass": (697_932, 116_323, 62),
    "bymerge": (697_932, 116_323, 47),
    "letters": (124_800, 20_800, 37),
    "digits": (240_000, 40_000, 10),
    "mnist": (60_000, 10_000, 10),
}

SETS = {
    "mnist": Described(_by_train(datasets.MNIST), _GREY, 60_000, 10_000, 10, "MNIST/raw"),
    "fashion-mnist": Described(
        _by_train(datasets.FashionMNIST), _GREY, 60_000, 10_000, 10, "FashionMNIST/raw"
    ),
    "kmnist": Described(_by_train(datasets.KMNIST), _GREY, 60_000, 10_000, 10, "KMNIST/raw"),
    **{
        f"emnist-{split}": Described(
            _by_train(datasets.EMNIST, split=split), _GREY, train, test, classes, "EMNIST/raw"
        )
        for split, (train, test, classes) in _EMNIST.items()
    },
    "usps": Described(_by_train(datasets.USPS), (1, 16, 16), 7_291, 2_007, 10, "."),
    "cifar10": Described(
        _by_train(datasets.CIFAR10), _COLOUR, 50_000, 10_000, 10, "cifar-10-batches-py"
    ),
    "cifar100": Described(
        _by_train(datasets.CIFAR100), _COLOUR, 50_000, 10_000, 100, "cifar-100-python"
    ),
    "svhn": Described(_by_split(datasets.SVHN, "train"), _COLOUR, 73_257, 26_032, 10, "."),
    "stl10": Described(
        _by_split(datasets.STL10, "train"), (3, 96, 96), 5_000, 8_000, 10, "stl10_binary"
    ),
    "celeba": Described(
        _by_split(datasets.CelebA, "train"), (3, CELEBA_SIZE, CELEBA_SIZE), 162_770, 19_962, 0,
        "celeba",
    ),
}  # fmt: skip


def load(name: str, root: Path, image_size: int | None, progress: Progress) -> Images:
    """Load a set, downloading what is missing.

    Raises:
        Unavailable: it is neither on disk nor downloadable.
    """
    parts = [_open(name, root, train) for train in (True, False)]
    if name == "celeba":
        return _celeba(parts, image_size or CELEBA_SIZE, progress)
    tables, labels = zip(*(_arrays(part) for part in parts), strict=True)
    table = torch.cat(tables)
    if name.startswith("emnist"):
        table = table.transpose(2, 3).contiguous()  # the files hold them lying on their side
    first = len(tables[0])
    classes = getattr(parts[0], "classes", None) or [str(i) for i in range(SETS[name].classes)]
    return Images(name, table, _splits(first, len(table)), torch.cat(labels), tuple(classes))


def on_disk(name: str, root: Path) -> bool:
    """Whether a set can be opened without a download."""
    try:
        for train in (True, False):
            with _quiet():
                SETS[name].open(root, train, False)
    except (RuntimeError, OSError, EOFError):
        return False
    return True


def _open(name: str, root: Path, train: bool) -> Any:
    described = SETS[name]
    with contextlib.suppress(RuntimeError, OSError, EOFError), _quiet():
        return described.open(root, train, False)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        return described.open(root, train, True)
    except (RuntimeError, URLError, OSError, EOFError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Unavailable(
            f"data set {name} is not in {root} and cannot be downloaded ({reason}); "
            f"put torchvision's files into {root / described.folder}, "
            "name the folder that has them with --data-root, "
            "or use the embedded set: --data glyphs"
        ) from None
    finally:
        socket.setdefaulttimeout(before)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Torchvision prints that files were verified."""
    with contextlib.redirect_stdout(None):
        yield


def _arrays(part: Any) -> tuple[Tensor, Tensor]:
    """Torchvision's arrays → (N, C, H, W) uint8 and (N,) int64."""
    data = torch.as_tensor(np.asarray(part.data))
    labels = torch.as_tensor(np.asarray(getattr(part, "targets", getattr(part, "labels", None))))
    if data.dim() == 3:
        data = data.unsqueeze(1)
    elif data.shape[-1] == 3:
        data = data.permute(0, 3, 1, 2)
    return data.contiguous(), labels.long()


def _splits(train: int, total: int) -> dict[str, Tensor]:
    empty = torch.arange(0)
    return {TRAIN: torch.arange(train), VALIDATION: empty, TEST: torch.arange(train, total)}


def _celeba(parts: list[Any], size: int, progress: Progress) -> Images:
    paths = [
        Path(part.root) / part.base_folder / "img_align_celeba" / file
        for part in parts
        for file in part.filename
    ]
    channels: Literal[3] = 3
    table, _ = folder.decoded("celeba", paths, size, channels, "crop", progress)
    return Images("celeba", table, _splits(len(parts[0].filename), len(paths)))
