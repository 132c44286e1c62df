"""Named sets: torchvision's files, downloads, what is said when a set cannot be had."""

import bz2
import gzip
import hashlib
import importlib.util
import pickle
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from genmodels import data
from genmodels.data import download, glyphs, idx
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.data.torchvision_sets import SETS, Described
from genmodels.errors import InputError

RANDOM = np.random.default_rng(0)
TRAINING = RANDOM.integers(0, 256, (7, 28, 28), dtype=np.uint8)
TESTING = RANDOM.integers(0, 256, (3, 28, 28), dtype=np.uint8)
LABELS = np.array([5, 0, 4, 1, 9, 2, 1, 7, 2, 1], dtype=np.uint8)  # of both, in this order
CLOSED = "http://127.0.0.1:9/"  # nobody listens there


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test does not serve itself is not to be had."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(datasets.MNIST, "mirrors", [CLOSED])
    monkeypatch.setattr(datasets.KMNIST, "mirrors", [CLOSED])


@pytest.mark.parametrize("kind", [str, Path])
def test_paths_are_texts_or_paths(kind: Any, root: Path) -> None:
    assert data.load("glyphs", root=kind(root)).name == "glyphs"
    assert data.sets(kind(root)) == data.sets(root)
    (root / "pictures").mkdir()
    for number in range(3):
        Image.new("L", (8, 8), number).save(root / "pictures" / f"{number}.png")
    assert len(data.load(kind(root / "pictures")).table) == 3
    for wrong in ("", 3):
        with pytest.raises(InputError, match=r"`data_root=.*`: give a path"):
            data.load("glyphs", root=wrong)  # type: ignore[arg-type]


def as_idx(array: np.ndarray) -> bytes:
    """MNIST's format: two zeros, the type of uint8, the rank, big-endian sizes, the bytes."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_idx(folder: Path, train: str = "train", test: str = "t10k", labels: Any = LABELS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    parts = [(train, TRAINING, labels[:7]), (test, TESTING, labels[7:])]
    for split, pixels, numbers in parts:
        (folder / f"{split}-images-idx3-ubyte").write_bytes(as_idx(pixels))
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(as_idx(numbers))


def complaint(name: str, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        data.load(name, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


# What lies on disk


@pytest.mark.parametrize(
    ("name", "folder"),
    [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST"), ("kmnist", "KMNIST")],
)
def test_files_in_mnists_format(root: Path, name: str, folder: str) -> None:
    write_idx(root / folder / "raw")
    images = data.load(name, root=root)
    assert images.name == name
    assert np.array_equal(images.table[:, 0], np.concatenate([TRAINING, TESTING]))
    assert images.labels is not None
    assert images.labels.tolist() == LABELS.tolist()
    assert len(images.classes) == 10
    assert images.splits[TRAIN].tolist() == list(range(7))
    assert images.splits[TEST].tolist() == [7, 8, 9]
    assert images.count(VALIDATION) == 0
    assert images.notes == ()


@pytest.mark.parametrize(
    ("split", "classes", "first"), [("balanced", 47, "0"), ("letters", 26, "a"), ("mnist", 10, "0")]
)
def test_emnist_is_upright_and_counts_from_zero(
    root: Path, split: str, classes: int, first: str
) -> None:
    stored = np.maximum(LABELS, 1) if split == "letters" else LABELS  # letters count from 1
    write_idx(root / "EMNIST" / "raw", f"emnist-{split}-train", f"emnist-{split}-test", stored)
    images = data.load(f"emnist-{split}", root=root)
    assert np.array_equal(images.table[:7, 0], TRAINING.transpose(0, 2, 1))
    assert images.table.is_contiguous()
    assert images.labels is not None
    assert images.labels.tolist() == (stored - (split == "letters")).tolist()
    assert len(images.classes) == classes
    assert images.classes[0] == first


def test_cifar10(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    pixels = RANDOM.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for number, name in enumerate(names):
        rows = pixels[2 * number : 2 * number + 2].reshape(2, -1)
        entry = {"data": rows, "labels": [number, 9 - number]}
        (folder / name).write_bytes(pickle.dumps(entry))
    classes = ["airplane", *(f"class {number}" for number in range(1, 10))]
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": classes}))
    hashes = [[name, md5(folder / name)] for name in names]
    monkeypatch.setattr(datasets.CIFAR10, "train_list", hashes[:5])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", hashes[5:])
    meta = {**datasets.CIFAR10.meta, "md5": md5(folder / "batches.meta")}
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)
    images = data.load("cifar10", root=root)
    assert np.array_equal(images.table, pixels)
    assert images.table.is_contiguous()
    assert images.count(TRAIN) == 10
    assert images.labels is not None
    assert images.labels.tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5, 5, 4]
    assert images.classes == tuple(classes)


def test_stl10(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "stl10_binary"
    folder.mkdir(parents=True)
    pixels = RANDOM.integers(0, 256, (5, 3, 96, 96), dtype=np.uint8)
    stored = pixels.transpose(0, 1, 3, 2)  # column by column
    contents = {
        "train_X.bin": stored[:3].tobytes(), "train_y.bin": bytes([1, 10, 2]),
        "unlabeled_X.bin": b"", "test_X.bin": stored[3:].tobytes(), "test_y.bin": bytes([3, 4]),
    }  # fmt: skip
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    hashes = [[name, md5(folder / name)] for name in contents]
    monkeypatch.setattr(datasets.STL10, "train_list", hashes[:3])
    monkeypatch.setattr(datasets.STL10, "test_list", hashes[3:])
    images = data.load("stl10", root=root)
    assert np.array_equal(images.table, pixels)
    assert images.labels is not None
    assert images.labels.tolist() == [0, 9, 1, 2, 3]
    assert [images.count(split) for split in (TRAIN, TEST)] == [3, 2]


def test_usps(root: Path) -> None:
    pixels = RANDOM.integers(0, 256, (5, 256), dtype=np.uint8)
    lines = [
        " ".join([str(n + 1), *(f"{i + 1}:{v / 127.5 - 1 + 1e-6:.7f}" for i, v in enumerate(row))])
        for n, row in enumerate(pixels)
    ]
    for name, part in [("usps.bz2", lines[:3]), ("usps.t.bz2", lines[3:])]:
        (root / name).write_bytes(bz2.compress("\n".join(part).encode()))
    images = data.load("usps", root=root)
    assert np.array_equal(images.table.flatten(1), pixels)
    assert images.labels is not None
    assert images.labels.tolist() == [0, 1, 2, 3, 4]
    assert images.classes == tuple("0123456789")


def test_svhn(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = RANDOM.integers(0, 256, (5, 3, 32, 32), dtype=np.uint8)
    rows = {"train_32x32.mat": slice(0, 3), "test_32x32.mat": slice(3, 5)}
    labels = np.array([10, 1, 9, 10, 2])  # 10 stands for 0

    def loadmat(path: str) -> dict[str, np.ndarray]:
        chosen = rows[Path(path).name]
        return {"X": pixels[chosen].transpose(2, 3, 1, 0), "y": labels[chosen].reshape(-1, 1)}

    scipy, io = ModuleType("scipy"), SimpleNamespace(loadmat=loadmat)
    monkeypatch.setitem(sys.modules, "scipy", scipy)
    monkeypatch.setitem(sys.modules, "scipy.io", io)
    monkeypatch.setattr(scipy, "io", io, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    known = dict(datasets.SVHN.split_list)
    for split, name in zip(("train", "test"), rows, strict=True):
        (root / name).write_text(name)
        known[split] = [CLOSED, name, md5(root / name)]
    monkeypatch.setattr(datasets.SVHN, "split_list", known)
    images = data.load("svhn", root=root)
    assert np.array_equal(images.table, pixels)
    assert images.labels is not None
    assert images.labels.tolist() == [0, 1, 9, 0, 2]


def test_svhn_says_what_it_needs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install scipy" in complaint("svhn", root=root, offline="glyphs")


def test_celeba_is_decoded_into_a_table(root: Path, own_cache: Path) -> None:
    folder = root / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for number in range(6):
        Image.new("RGB", (178, 218), (0, 40 * number, 0)).save(folder / f"{number}.jpg")
    partition = "0.jpg 0\n1.jpg 2\n2.jpg 0\n3.jpg 1\n4.jpg 2\n5.jpg 0\n"
    (root / "celeba" / "list_eval_partition.txt").write_text(partition)
    images = data.load("celeba", root=root)
    assert images.image_shape == (3, 64, 64)
    assert [images.count(split) for split in (TRAIN, TEST)] == [3, 2]
    greens = images.table[:, 1].float().mean((1, 2)).round()
    assert [greens[images.splits[split]].tolist() for split in (TRAIN, TEST)] == [
        [pytest.approx(value, abs=3) for value in (0, 80, 200)],
        [pytest.approx(value, abs=3) for value in (40, 160)],
    ]
    assert "decoded 5 pictures" in images.notes[0]
    assert data.load("celeba", root=root).notes == ()
    assert data.load("celeba", root=root, image_size=16, channels=1).image_shape == (1, 16, 16)
    (folder / "4.jpg").unlink()
    assert "4.jpg: No such file" in complaint("celeba", root=root)


def test_mnist_itself(mnist_root: Path) -> None:
    images = data.load("mnist", root=mnist_root, validation=0.1)
    assert images.image_shape == (1, 28, 28)
    assert images.count(TEST) == 10_000
    assert images.count(TRAIN) + images.count(VALIDATION) == 60_000
    assert 5_700 < images.count(VALIDATION) < 6_300
    assert images.labels is not None
    assert images.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert images.labels[60_000:60_010].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert images.table[:60_000].float().mean().item() == pytest.approx(33.3184, abs=1e-3)
    assert images.classes[3] == "3 - three"


# A new set


class Tiny:
    """A class as torchvision has them; its file holds the pixels of a split as they are."""

    def __init__(self, root: str, train: bool, download: bool = False, add: int = 0) -> None:
        path = Path(root) / "tiny" / ("train" if train else "test")
        if download:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes((TRAINING if train else TESTING).tobytes())
        self.data = np.frombuffer(path.read_bytes(), np.uint8).reshape(-1, 28, 28) + np.uint8(add)
        self.targets = LABELS[:7] if train else LABELS[7:]


class TinyByName(Tiny):
    """The same, opened by the name of the split."""

    def __init__(self, root: str, split: str, download: bool = False, add: int = 0) -> None:
        super().__init__(root, {"train": True, "test": False}[split], download, add)


@pytest.mark.parametrize("kind", [Tiny, TinyByName])
def test_a_new_set_is_one_entry(
    root: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Tiny]
) -> None:
    monkeypatch.setattr(datasets, "Tiny", kind, raising=False)
    entry = Described(
        "Tiny", (1, 28, 28), 7, 3, 10, ("tiny/train", "tiny/test"), {"add": 1},
        split_by_name=kind is TinyByName,
    )  # fmt: skip
    monkeypatch.setitem(SETS, "tiny", entry)
    assert "tiny" in data.names()
    assert {each.name: each.place for each in data.sets(root)}["tiny"] == "downloadable"
    images = data.load("tiny", root=root)
    assert images.name == "tiny"
    assert np.array_equal(images.table[:, 0], np.concatenate([TRAINING, TESTING]) + np.uint8(1))
    assert images.labels is not None
    assert images.labels.tolist() == LABELS.tolist()
    assert (images.count(TRAIN), images.count(TEST)) == (7, 3)
    (listed,) = (each for each in data.sets(root) if each.name == "tiny")
    assert (listed.place, listed.image_shape, listed.train, listed.test, listed.classes) == (
        "on disk", (1, 28, 28), 7, 3, 10,
    )  # fmt: skip
    assert data.load("tiny", root=root, image_size=14, channels=3).image_shape == (3, 14, 14)


def test_an_entry_adjusts_arrays_or_reads_files_itself(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datasets, "Tiny", Tiny, raising=False)
    files = ("tiny/train", "tiny/test")
    turned = Described(
        "Tiny", (1, 28, 28), 7, 3, 10, files, adjust=lambda images: replace(
            images, table=images.table.flip(2)),
    )  # fmt: skip
    monkeypatch.setitem(SETS, "turned", turned)
    images = data.load("turned", root=root)
    assert np.array_equal(images.table[:7, 0], TRAINING[:, ::-1])
    told: list[Any] = []

    def read(*given: Any) -> Images:
        told.append(given)
        return replace(images, name=given[0])

    monkeypatch.setitem(SETS, "read", replace(turned, read=read))
    assert data.load("read", root=root, fit="pad").name == "read"
    assert told[0][:5] == ("read", root, None, "auto", "pad")


# Size and channels


def test_grey_is_repeated_and_colour_becomes_luma(root: Path) -> None:
    write_idx(root / "MNIST" / "raw")
    colour = data.load("mnist", root=root, channels=3)
    assert colour.image_shape == (3, 28, 28)
    assert all(np.array_equal(colour.table[:7, channel], TRAINING) for channel in range(3))
    table = torch.randint(256, (9, 3, 4, 4), dtype=torch.uint8)
    grey = data.resize.fit_table(Images("made", table, {}), None, 1).table
    for row, pixels in zip(table, grey, strict=True):
        by_pillow = Image.fromarray(row.permute(1, 2, 0).numpy()).convert("L")
        assert np.abs(np.asarray(by_pillow).astype(int) - pixels[0].numpy()).max() <= 1


@pytest.mark.parametrize("size", [14, 32])
def test_sets_are_resized_as_folders_are(root: Path, tmp_path: Path, size: int) -> None:
    write_idx(root / "MNIST" / "raw")
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, pixels in enumerate(TRAINING):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    by_name = data.load("mnist", root=root, image_size=size).table[:7]
    from_folder = data.load(str(folder), image_size=size).table
    assert by_name.shape == (7, 1, size, size)
    assert np.abs(by_name.numpy().astype(int) - from_folder.numpy()).max() <= 1


# Downloads


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served as MNIST's mirror, with the files' true hashes announced."""
    served = tmp_path / "mirror"
    write_idx(served)
    for path in list(served.iterdir()):
        (served / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    resources = [(path.name, md5(path)) for path in sorted(served.iterdir())]
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_missing_files_are_downloaded_once_with_progress(root: Path, mirror: Path) -> None:
    told: list[tuple[str, int, int]] = []
    images = data.load("mnist", root=root, progress=lambda *progress: told.append(progress))
    assert np.array_equal(images.table[:7, 0], TRAINING)
    files = {path.name: path.stat().st_size for path in mirror.iterdir()}
    assert {what for what, _, _ in told} == {f"downloading mnist, file {n}" for n in (1, 2, 3, 4)}
    assert {total for _, _, total in told} == set(files.values())
    assert all(done <= total for _, done, total in told)
    for path in mirror.iterdir():
        path.unlink()
    assert data.load("mnist", root=root).fingerprint == images.fingerprint
    assert socket.getdefaulttimeout() is None
    assert datasets.utils.tqdm.__name__ != "bar"


def test_archives_that_lie_there_need_no_network(
    root: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "MNIST").mkdir(parents=True)
    mirror.rename(root / "MNIST" / "raw")
    monkeypatch.setattr(datasets.MNIST, "mirrors", [CLOSED])
    assert len(data.load("mnist", root=root).table) == 10


def test_a_failed_download_leaves_no_half_of_a_set(root: Path, mirror: Path) -> None:
    last = mirror / "train-labels-idx1-ubyte.gz"
    whole = last.read_bytes()
    last.write_bytes(whole[:-5])
    text = complaint("mnist", root=root)
    assert "cannot be downloaded" in text
    assert last.name in text
    assert {"train-images-idx3-ubyte.gz", last.name} < names(root)  # three good archives, one bad
    assert not {name for name in names(root) if name.endswith("ubyte")}
    last.write_bytes(whole)
    assert len(data.load("mnist", root=root).table) == 10


def test_a_download_that_stalls_ends(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "STALL_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:  # takes connections, never answers
        mirror = f"http://127.0.0.1:{server.getsockname()[1]}/"
        monkeypatch.setattr(datasets.MNIST, "mirrors", [mirror])
        assert "timed out" in complaint("mnist", root=root)


def test_gdown_has_errors_of_its_own(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FileURLRetrievalError(Exception):
        pass

    def refuse(**options: Any) -> None:
        raise FileURLRetrievalError("Too many users have viewed this file")

    exceptions = SimpleNamespace(FileURLRetrievalError=FileURLRetrievalError)
    monkeypatch.setitem(sys.modules, "gdown", SimpleNamespace(download=refuse))
    monkeypatch.setitem(sys.modules, "gdown.exceptions", exceptions)
    assert "cannot be downloaded (Too many users" in complaint("celeba", root=root)


# What is said


def test_a_set_that_cannot_be_had(root: Path) -> None:
    text = complaint("mnist", root=root)
    assert f"data set mnist is not in {root}" in text
    assert "Connection refused" in text
    assert "MNIST/raw/train-images-idx3-ubyte" in text
    assert "`data_root`" in text
    assert "`data=glyphs`" in text


def test_a_root_that_is_not_there_is_not_made(root: Path) -> None:
    wanted = f"`data_root={root / 'mnits'}`: there is no such folder"
    assert wanted in complaint("mnist", root=root / "mnits", offline="glyphs")
    with pytest.raises(InputError, match="no such folder"):
        data.sets(root / "mnits")
    assert list(root.iterdir()) == []


def test_offline_says_what_to_take_instead(root: Path) -> None:
    images = data.load("kmnist", root=root, offline="glyphs", validation=0.1, image_size=16)
    assert images.name == "glyphs"
    assert images.image_shape == (1, 16, 16)
    assert images.count(VALIDATION) > 0
    assert "kmnist is not in" in images.notes[0]
    assert "taking glyphs instead" in images.notes[0]


def test_offline_is_for_what_cannot_be_had_alone(root: Path) -> None:
    assert "unknown data set 'mnits' (did you mean 'mnist'?)" in complaint(
        "mnits", root=root, offline="glyphs"
    )
    assert "unknown data set 'glyps'" in complaint("mnist", root=root, offline="glyps")
    assert "kmnist" in complaint("mnist", root=root, offline="kmnist")
    write_idx(root / "MNIST" / "raw")
    assert data.load("mnist", root=root, offline="glyphs").name == "mnist"


@pytest.mark.parametrize("damage", ["cut", "no idx file", "labels"])
def test_damaged_files_are_an_error_even_offline(root: Path, damage: str) -> None:
    folder = root / "MNIST" / "raw"
    write_idx(folder, labels=LABELS[:9] if damage == "labels" else LABELS)
    path = folder / "train-images-idx3-ubyte"
    if damage != "labels":
        path.write_bytes(path.read_bytes()[:-100] if damage == "cut" else b"<html>not found</html>")
    text = complaint("mnist", root=root, offline="glyphs")
    assert f"mnist in {root} is damaged" in text
    assert "MNIST/raw/train-images-idx3-ubyte" in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("MNIST", "did you mean 'mnist'?"),
        ("FashionMNIST", "did you mean 'fashion-mnist'?"),
        ("emnist", "several splits; use one of emnist-balanced,"),
        ("./nowhere", "no folder of that name"),
        ("", "unknown data set ''"),
        (__file__, "is a file"),
    ],
)
def test_unknown_names(name: str, said: str) -> None:
    assert said in complaint(name)


def test_sets_lists_what_is_where(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_idx(root / "MNIST" / "raw")
    monkeypatch.setenv("GENMODELS_DATA", str(root))
    listed = {described.name: described for described in data.sets()}
    assert list(listed) == data.names()
    assert {listed[name].place for name in ("glyphs", "mnist", "celeba")} == {
        "embedded", "on disk", "downloadable",
    }  # fmt: skip
    assert listed["mnist"].note == "on disk"
    assert "scipy" not in listed["svhn"].note
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (svhn,) = (described for described in data.sets() if described.name == "svhn")
    assert "needs scipy, which is not installed" in svhn.note
    assert data.load("mnist").count(TRAIN) == 7


def test_glyphs_are_what_the_list_says() -> None:
    images, listed = data.load("glyphs"), data.sets()[0]
    assert listed.name == glyphs.NAME == images.name
    assert listed.image_shape == images.image_shape
    assert (listed.train, listed.test) == (images.count(TRAIN), images.count(TEST))
    assert listed.classes == len(images.classes)


@pytest.mark.parametrize("name", list(data.torchvision_sets.SETS))
def test_what_torchvision_has_for_a_name(name: str) -> None:
    described = data.torchvision_sets.SETS[name]
    kind = getattr(datasets, described.kind)
    classes = getattr(kind, "classes", [""] * described.classes)
    if described.options:
        classes = kind.classes_split_dict[described.options["split"]]
    assert len([word for word in classes if word != "N/A"]) == described.classes
    assert described.class_names in ((), tuple(classes))


def test_mnists_format_is_read_as_torchvision_reads_it(root: Path) -> None:
    folder = root / "MNIST" / "raw"
    write_idx(folder)
    for train in (True, False):
        theirs = datasets.MNIST(str(root), train)
        ours = idx.read(folder / f"{'train' if train else 't10k'}-images-idx3-ubyte")
        assert torch.equal(ours, theirs.data)


def test_stacked_digits_are_digits_of_their_own_splits(mnist_root: Path) -> None:
    images: Any = data.load("stacked-mnist", root=mnist_root)
    each = images.each
    assert images.image_shape == (3, 28, 28)
    assert (images.count("train"), images.count("test")) == (60_000, 10_000)
    assert len(images.classes) == 1000
    assert images.fingerprint == data.load("stacked-mnist", root=mnist_root).fingerprint
    for split in ("train", "test"):
        row = images.splits[split][5]
        digits = [int(digit) for digit in images.classes[images.labels[row]]]
        for channel, digit in zip(images.table[row], digits, strict=True):
            same = (each.table[each.splits[split]] == channel).all((1, 2, 3)).nonzero()
            assert digit in each.labels[each.splits[split][same[:, 0]]]
    assert images.labels.unique().numel() == 1000


def test_the_features_of_stacked_digits_see_each_by_itself(mnist_root: Path) -> None:
    from genmodels.evaluation.features import domain

    images = data.load("stacked-mnist", root=mnist_root)
    extractor = domain.extractor(images, lambda *_: None)
    batch = next(images.batches("test", 500))
    seen: Any = extractor([batch.images])
    assert seen.values.shape == (500, 192)
    assert (seen.labels == batch.labels).float().mean() > 0.95  # 0.992 for a digit, cubed
