"""Random features: standardised on real images, so that distances between them mean something."""

import pytest
import torch

from genmodels import data
from genmodels.data.images import TEST, TRAIN, Images, silent
from genmodels.evaluation.features import untrained
from genmodels.evaluation.features.extractor import BLOCK, Extractor
from genmodels.evaluation.metrics import kernel
from genmodels.system import randomness


@pytest.fixture(scope="module")
def glyphs() -> Images:
    return data.load("glyphs")


@pytest.fixture(scope="module")
def extractor(glyphs: Images) -> Extractor:
    return untrained.extractor(glyphs, silent)


def test_features_are_standardised_on_training_images(glyphs: Images, extractor: Extractor) -> None:
    rows = glyphs.splits[TRAIN][::4]  # of 2,000 others, a deviation is known within 2 %
    values = extractor(glyphs.batch(part).images for part in rows.split(BLOCK)).values
    assert values.mean(0).abs().max() < 0.15
    assert ((values.std(0) > 0.85) & (values.std(0) < 1.15)).all()


def test_kid_tells_real_images_from_noisy_ones(glyphs: Images, extractor: Extractor) -> None:
    real = glyphs.batch(glyphs.splits[TEST]).images
    drawn = torch.randn(real.shape, generator=randomness.generator(0, "noise"))
    noisy = (real + 0.2 * drawn).clamp(0, 1)
    one, other = (extractor([half]).values for half in (real[::2], real[1::2]))
    noise = extractor([noisy]).values
    alike, unlike = kernel.kernel(one, other).distance, kernel.kernel(one, noise).distance
    assert abs(alike) < 0.01
    assert unlike > 100 * abs(alike)


def test_features_are_the_same_for_any_number_of_threads_and_share_of_validation(
    glyphs: Images, extractor: Extractor
) -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(3)
        again = untrained.extractor(glyphs.with_validation(0.2), silent)
    finally:
        torch.set_num_threads(threads)
    assert again.hash == extractor.hash
    images = glyphs.batch(glyphs.splits[TEST][:50]).images
    assert torch.allclose(again([images]).values, extractor([images]).values, atol=1e-4)


def test_other_images_give_other_features(glyphs: Images, extractor: Extractor) -> None:
    few = Images("few", 255 - glyphs.table[:150], {**glyphs.splits, TRAIN: torch.arange(150)})
    assert untrained.extractor(few, silent).hash != extractor.hash


def test_images_that_are_all_equal_have_finite_features() -> None:
    table = torch.full((12, 1, 8, 8), 7, dtype=torch.uint8)
    rows = torch.arange(12)
    same = Images("same", table, {"train": rows, "validation": rows[:0], "test": rows})
    found = untrained.extractor(same, silent)([same.batch(rows).images])
    assert found.values.abs().max() < 1e-3


def test_progress_reaches_its_total(glyphs: Images) -> None:
    told: list[tuple[int, int]] = []
    untrained.extractor(glyphs, lambda what, done, total: told.append((done, total)))
    assert told == [(done, 40) for done in range(1, 41)]
