"""Classifiers on sets of known quality: copies, labels that say nothing, noise, one class."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from genmodels import data
from genmodels.data.augment import Augmentation
from genmodels.data.images import TEST, TRAIN, Images
from genmodels.errors import InputError
from genmodels.evaluation import utility
from genmodels.evaluation.utility import AUGMENTED, BOTH, REAL, SAMPLES, Accuracies, TrainingSet
from genmodels.system import randomness

NEAR = 0.1  # differences of accuracy that chance makes in so few steps
CHANCE = 0.1  # of ten classes


def silent(steps: int) -> None:
    """Show nothing."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utility, "STEPS", 60)
    monkeypatch.setattr(utility, "SEEDS", 2)


@pytest.fixture(scope="module")
def glyphs() -> Images:
    """The embedded set in half its size, which a classifier learns in a second."""
    images = data.load("glyphs").with_validation(0)
    return replace(images, table=images.table[..., ::2, ::2].contiguous())


def train_split(images: Images) -> tuple[Tensor, Tensor]:
    rows = images.splits[TRAIN]
    assert images.labels is not None
    return images.table[rows], images.labels[rows]


def accuracy(images: Images, table: Tensor, labels: Tensor) -> float:
    """The accuracy of a classifier that learns from samples alone."""
    samples = utility.of_samples(images, utility.samples_of(table, labels, images))[SAMPLES]
    return sum(utility.accuracies(samples, images, silent).values) / utility.SEEDS


@pytest.fixture(scope="module")
def real(glyphs: Images) -> Accuracies:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(utility, "STEPS", 60)
        patched.setattr(utility, "SEEDS", 2)
        return utility.accuracies(utility.of_real(glyphs)[REAL], glyphs, silent)


def shuffled(count: int) -> Tensor:
    return torch.randperm(count, generator=randomness.generator(0, "shuffled"))


def test_copies_of_the_real_images_are_as_good_as_these(glyphs: Images, real: Accuracies) -> None:
    table, labels = train_split(glyphs)
    order = shuffled(len(table))
    assert min(real.values) > 0.6
    found = accuracy(glyphs, table[order], labels[order])
    assert found == pytest.approx(sum(real.values) / 2, abs=NEAR)


def test_labels_that_say_nothing_give_chance(glyphs: Images) -> None:
    table, labels = train_split(glyphs)
    assert accuracy(glyphs, table, labels[shuffled(len(table))]) < 3 * CHANCE


def test_noise_gives_chance(glyphs: Images) -> None:
    table, labels = train_split(glyphs)
    generator = randomness.generator(0, "noise")
    noise = torch.randint(256, table.shape, generator=generator).to(torch.uint8)
    assert accuracy(glyphs, noise, labels) < 3 * CHANCE


def test_one_class_alone_gives_the_share_of_this_class(glyphs: Images) -> None:
    table, labels = train_split(glyphs)
    assert glyphs.labels is not None
    share = (glyphs.labels[glyphs.splits[TEST]] == 3).double().mean().item()
    found = accuracy(glyphs, table[labels == 3], labels[labels == 3])
    assert found == pytest.approx(share, abs=0.02)


def test_useless_samples_beside_real_images_take_half_of_the_steps_and_little_more(
    glyphs: Images, real: Accuracies
) -> None:
    table, labels = train_split(glyphs)
    noise = torch.zeros_like(table)
    sets = utility.of_samples(glyphs, utility.samples_of(noise, labels, glyphs))
    assert sets[BOTH].count == 2 * sets[SAMPLES].count == 2 * glyphs.count(TRAIN)
    found = utility.accuracies(sets[BOTH], glyphs, silent)
    assert 3 * CHANCE < found.values[0] < max(real.values) + NEAR


def test_seeds_differ_and_repeat(glyphs: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utility, "STEPS", 4)
    images = utility.of_real(glyphs)[REAL]
    first, again, other = (utility.tested(images, glyphs, seed, silent) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (glyphs.count(TEST),)
    found = utility.accuracies(images, glyphs, silent)
    assert found.values == [first.mean().item(), other.mean().item()]
    assert torch.equal(found.right, torch.stack([first, other]).mean(0))
    assert found.images == glyphs.count(TRAIN)


def test_progress_counts_the_steps_of_all_seeds(
    glyphs: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utility, "STEPS", 3)
    done: list[int] = []
    utility.accuracies(utility.of_real(glyphs)[REAL], glyphs, done.append)
    assert done == [3, 6]


def plain(value: int, count: int, label: int) -> Images:
    table = torch.full((count, 1, 8, 8), value, dtype=torch.uint8)
    splits = {TRAIN: torch.arange(count), TEST: torch.arange(0)}
    return Images("plain", table, splits, torch.full((count,), label), ("a", "b"))


def test_batches_are_drawn_from_all_parts_by_their_numbers_of_images() -> None:
    both = TrainingSet([plain(0, 300, 0), plain(255, 100, 1)])
    drawn = [both.batch(0, step) for step in range(40)]
    images, labels = (torch.cat(each) for each in zip(*drawn, strict=True))
    assert torch.equal(images.mean((1, 2, 3)).round().long(), labels)
    assert labels.double().mean().item() == pytest.approx(0.25, abs=0.03)
    assert torch.equal(both.batch(0, 1)[0], drawn[1][0])
    assert not torch.equal(both.batch(1, 1)[0], drawn[1][0])


def test_flips_and_shifts_change_the_same_images(glyphs: Images) -> None:
    sets = utility.of_real(glyphs)
    assert sets[REAL].augmentation == Augmentation()
    assert sets[AUGMENTED].augmentation == Augmentation(flip=True, shift=1)
    (images, labels), (changed, same) = (each.batch(0, 0) for each in sets.values())
    assert torch.equal(labels, same)
    assert not torch.equal(images, changed)
    one = replace(glyphs, table=torch.zeros(10, 3, 40, 32, dtype=torch.uint8))
    assert utility.of_real(one)[AUGMENTED].augmentation.shift == 4  # He et al. (2016)


def test_as_many_samples_as_training_images_or_as_a_classifier_sees(
    glyphs: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utility, "STEPS", 10**6)
    assert utility.count(glyphs) == glyphs.count(TRAIN)
    monkeypatch.setattr(utility, "STEPS", 2)
    assert utility.count(glyphs) == 2 * 128


def without_labels(images: Images) -> Images:
    return replace(images, labels=None, classes=())


def with_one_class(images: Images) -> Images:
    return replace(images, labels=torch.zeros(len(images.table), dtype=torch.int64), classes=("a",))


@pytest.mark.parametrize("change", [without_labels, with_one_class])
def test_data_without_classes_are_refused(
    glyphs: Images, change: Callable[[Images], Images]
) -> None:
    utility.check(glyphs)
    with pytest.raises(InputError, match=r"^`utility`: glyphs has no labels of two or more"):
        utility.check(change(glyphs))


@pytest.mark.slow
def test_copies_of_digits_are_as_good_as_these(
    mnist_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(utility, "STEPS", 300)
    images = data.load("mnist", root=mnist_root).with_validation(0)
    real = utility.accuracies(utility.of_real(images)[REAL], images, silent)
    assert min(real.values) > 0.95
    table, labels = train_split(images)
    order = shuffled(len(table))
    assert accuracy(images, table[order], labels[order]) == pytest.approx(
        sum(real.values) / 2, abs=0.015
    )
