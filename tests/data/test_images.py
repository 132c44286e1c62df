"""The table: batches, splits that depend on pixels alone, and the fingerprint."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from genmodels.data import images as module
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, first_rows


@pytest.fixture
def images() -> Images:
    table = torch.randint(
        256, (500, 3, 4, 5), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    rows = torch.arange(500)
    splits = {TRAIN: rows[:400], VALIDATION: rows[:0], TEST: rows[400:]}
    return Images("made", table, splits, rows % 7, tuple("abcdefg"))


def test_batch_is_float_between_0_and_1(images: Images) -> None:
    batch = images.batch(torch.tensor([3, 3, 499]))
    assert batch.images.dtype == torch.float32
    assert torch.equal(batch.images * 255, images.table[[3, 3, 499]].float())
    assert batch.labels is not None
    assert batch.labels.tolist() == [3, 3, 499 % 7]
    assert images.image_shape == (3, 4, 5)


def test_batches_walk_through_a_split_once(images: Images) -> None:
    parts = list(images.batches(TEST, 32))
    assert [len(part.images) for part in parts] == [32, 32, 32, 4]
    assert torch.equal(torch.cat([part.images for part in parts]) * 255, images.table[400:].float())


def test_one_class_cannot_be_learnt(images: Images) -> None:
    one = replace(images, labels=torch.zeros(500).long(), classes=("a",))
    none = replace(images, labels=None, classes=())
    assert [each.learnable_classes for each in (images, one, none)] == [7, 0, 0]


def test_validation_takes_its_share_of_the_training_rows(images: Images) -> None:
    held = images.with_validation(0.25)
    assert 70 <= held.count(VALIDATION) <= 130
    together = torch.cat([held.splits[TRAIN], held.splits[VALIDATION]]).sort().values
    assert torch.equal(together, images.splits[TRAIN])
    assert torch.equal(held.splits[TEST], images.splits[TEST])


def test_validation_of_zero_gives_every_row_back(images: Images) -> None:
    again = images.with_validation(0.3).with_validation(0)
    assert torch.equal(again.splits[TRAIN], images.splits[TRAIN])
    assert again.count(VALIDATION) == 0


def test_a_larger_share_contains_a_smaller_one(images: Images) -> None:
    small, large = (images.with_validation(share).splits[VALIDATION] for share in (0.1, 0.4))
    assert set(small.tolist()) < set(large.tolist())


def test_positions_depend_on_pixels_and_purpose_alone(images: Images) -> None:
    rows = torch.arange(500)
    placed = module.positions(images.table, rows, "test")
    shuffled = rows.flip(0)
    assert torch.equal(
        module.positions(images.table[shuffled], shuffled.flip(0), "test"), placed.flip(0)
    )
    assert placed.dtype == torch.float64
    assert placed.min() >= 0
    assert placed.max() < 1
    assert abs(placed.mean() - 0.5) < 0.06
    other = module.positions(images.table, rows, "validation")
    assert abs(torch.corrcoef(torch.stack([placed, other]))[0, 1]) < 0.15


def test_fingerprint_tells_what_scores_depend_on(images: Images) -> None:
    assert images.with_validation(0.2).fingerprint == images.fingerprint
    assert replace(images, name="other").fingerprint == images.fingerprint
    pixels, labels = images.table.clone(), images.labels
    pixels[0, 0, 0, 0] ^= 1
    assert labels is not None
    changed = [
        replace(images, table=pixels),
        replace(images, table=images.table.reshape(500, 3, 5, 4)),
        replace(images, labels=labels.flip(0)),
        replace(images, labels=None),
        replace(images, splits={**images.splits, TEST: images.splits[TEST][1:]}),
    ]
    assert len({images.fingerprint, *(other.fingerprint for other in changed)}) == 6


def test_first_rows_of_blocks_make_no_further_block() -> None:
    made = []

    def blocks() -> Iterator[Tensor]:
        for number in range(3):
            made.append(number)
            yield torch.full((3, 1), float(number))

    assert first_rows(blocks(), 4).flatten().tolist() == [0, 0, 0, 1]
    assert made == [0, 1]
    assert len(first_rows(blocks(), 100)) == 9
