"""Copies of training images, by pixels and features, through the metrics that report them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels import data
from genmodels.data.images import Images, silent
from genmodels.evaluation import baselines, protocol, reference
from genmodels.evaluation.copying import CopySearch, Suspicions
from genmodels.evaluation.features import untrained
from genmodels.evaluation.features.extractor import Extractor
from genmodels.evaluation.metrics.drawn import Drawn
from genmodels.evaluation.metrics.image_metrics import COPY_METRICS
from genmodels.evaluation.metrics.metric import values
from genmodels.evaluation.reference import Reference
from genmodels.system import randomness

SPLITS = {"train": torch.arange(300), "validation": torch.arange(0), "test": torch.arange(300, 400)}


def made(change: Callable[[Tensor], Tensor] = lambda images: images) -> tuple[Images, Tensor]:
    """Random images, and the first 60 training images after a change."""
    table = torch.randint(256, (400, 1, 12, 12), generator=randomness.generator(0, "t"))
    images = Images("made up", table.to(torch.uint8), SPLITS)
    return images, change(images.batch(torch.arange(60)).images)


def features(images: Tensor) -> Tensor:
    return images.flatten(1)[:, :20].double()


def searched(images: Images) -> CopySearch:
    return CopySearch(images, features(images.batch(images.splits["train"]).images))


def test_copies_are_found_by_pixels_alone_and_by_features_alone() -> None:
    images, copies = made()
    search, apart = searched(images), torch.randn(60, 20).double()
    assert search(copies, apart).share == 1
    others = images.batch(images.splits["test"][:60]).images
    assert search(others, features(copies)).share == 1
    assert search(others, features(others)).share == 0
    found = search(copies, features(others))
    assert found.rows.tolist() == list(range(60))
    found = search(others, features(copies))
    assert found.rows.tolist() == list(range(60))


def test_rows_are_those_of_the_table() -> None:
    images, _ = made()
    splits = {"train": torch.arange(100, 400), "test": torch.arange(100)}
    turned = Images("turned", images.table, splits)
    copies = turned.batch(torch.arange(200, 230)).images
    assert searched(turned)(copies, features(copies)).rows.tolist() == list(range(200, 230))


def test_the_most_suspicious_come_first() -> None:
    found = Suspicions(torch.tensor([0.9, 0.1, 0.5, 0.2]), torch.tensor([3, 4, 5, 6]))
    assert found.most(3).tolist() == [1, 3, 2]
    assert found.share == 0.5


@pytest.fixture
def seen() -> Reference:
    images, _ = made()
    extractor = Extractor("made up", "0", lambda block: (features(block), None))
    return Reference(images, extractor, extractor([images.batch(torch.arange(400)).images]), 100)


def test_numbers_of_copies_are_beside_those_of_held_out_images(seen: Reference) -> None:
    half = torch.cat([torch.arange(50), torch.arange(300, 350)])
    images = seen.images.batch(half).images
    found = values(COPY_METRICS, Drawn(seen, [images], seen.table[half], None))
    assert found.numbers == {"copied": 0.5, "copied_held_out": 0.0, "copied_excess": 0.5}


def test_baselines_have_them(seen: Reference) -> None:
    assert baselines.floor(seen).numbers["copied"] == 0
    assert baselines.copycat(seen).numbers["copied"] == 1


def test_the_pictures_are_the_most_suspicious_pairs(seen: Reference) -> None:
    rows = torch.tensor([310, 7, 311, 8])
    images = 0.9 * seen.images.batch(rows).images
    pairs = protocol._pairs(Drawn(seen, [images], seen.extractor([images]), None))
    assert pairs.shape == (4, 2, 1, 12, 12)
    assert torch.equal(pairs[:2, 0], images[[1, 3]])
    assert torch.equal(pairs[:2, 1], seen.images.batch(torch.tensor([7, 8])).images)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_changed_copies_are_copies_and_held_out_images_are_not(name: str, mnist_root: Path) -> None:
    if name == "fashion-mnist" and not (mnist_root / "FashionMNIST").is_dir():
        pytest.skip("Fashion-MNIST is not beside MNIST")
    images = data.load(name, root=mnist_root)
    extractor: Any = untrained.extractor(images, silent)
    seen = reference.of(images, extractor, 1000, lambda *given: None)
    search = seen.copies
    copies = images.batch(seen.random_rows("train", 1000)).images
    noise = torch.randn(copies.shape, generator=randomness.generator(0, "noise"))
    changed = {
        "exact": copies,
        "noise": (copies + 0.03 * noise).clamp(0, 1),
        "dimmed": 0.9 * copies,
        "shifted": torch.cat([torch.zeros_like(copies[..., :1]), copies[..., :-1]], 3),
        "flipped": copies.flip(3),
    }
    found = {what: search(x, seen.extractor([x]).values).share for what, x in changed.items()}
    assert min(found.values()) >= 0.95, found
    assert seen.held_out.share < 0.01
