"""FDs beside that of the headline: by either kind of weights, and of binary pixels."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels.data.images import TRAIN
from genmodels.evaluation import baselines, judgement
from genmodels.evaluation.features.extractor import extract_all
from genmodels.evaluation.metrics import distances, likelihood, scores
from genmodels.evaluation.reference import Reference, binarised


def training_images(reference: Reference, binary: bool) -> Iterator[Tensor]:
    for number, batch in enumerate(reference.batches(TRAIN, reference.count), 1000):
        yield binarised(batch.images, number) if binary else batch.images


def test_real_images_that_are_binarised_are_near_the_floor_like_with_like(
    glyphs_reference: Reference,
) -> None:
    reference, fd = glyphs_reference, scores.fd_name(glyphs_reference)
    samples = reference.extractor(training_images(reference, binary=True))
    found = judgement.beside(reference, {"last": samples}, binary=True)
    floor = baselines.floor(reference).numbers[fd]
    assert found.numbers["distance_binarised"] < 3 * floor
    assert found.numbers["distance_last"] > 30 * floor
    share = found.numbers["distance_last"] / found.numbers["distance_binarisation"]
    assert share == pytest.approx(1, abs=0.1)
    assert found.numbers["distance_last"] == scores.frechet(reference, samples)


def test_test_images_are_binarised_as_for_likelihoods(glyphs_reference: Reference) -> None:
    model: Any = SimpleNamespace(pixels="binary")
    batches = glyphs_reference.batches("test", 1000)
    blocks = [likelihood.as_modelled(model, batch, n).images for n, batch in enumerate(batches)]
    expected = glyphs_reference.extractor(blocks).values
    torch.testing.assert_close(glyphs_reference.binarised.values[:1000], expected)


def test_each_kind_of_weights_has_its_distance(glyphs_reference: Reference) -> None:
    reference = glyphs_reference
    real = reference.extractor(training_images(reference, binary=False))
    halved = reference.extractor(each / 2 for each in training_images(reference, binary=False))
    found = judgement.beside(reference, {"ema": real, "last": halved}, binary=False)
    assert found.numbers == {
        "distance_average": scores.frechet(reference, real),
        "distance_last": scores.frechet(reference, halved),
    }
    assert set(found.undefined.values()) == {judgement.NOT_BINARY}
    expected = distances.influence(reference.test.values, distances.gaussian(halved.values))
    torch.testing.assert_close(found.influence["distance_last"], expected.float())
    alone = judgement.beside(reference, {"last": real}, binary=False)
    assert alone.undefined["distance_average"] == judgement.NO_EMA


@pytest.mark.parametrize(
    ("pixels", "value", "binary"),
    [("binary", 1.0, True), ("binary", 0.5, False), ("levels", 1.0, False), (None, 1.0, False)],
)
def test_binary_pixels_are_declared_and_seen(pixels: Any, value: float, binary: bool) -> None:
    model: Any = SimpleNamespace(pixels=pixels) if pixels else SimpleNamespace()
    blocks = [torch.zeros(2, 1, 4, 4), torch.full((2, 1, 4, 4), value)]
    assert judgement.is_binary(model, blocks) is binary


def test_several_features_are_extracted_in_one_pass(glyphs_reference: Reference) -> None:
    blocks = list(training_images(glyphs_reference, binary=False))
    (found, again) = extract_all([glyphs_reference.extractor] * 2, iter(blocks))
    expected = glyphs_reference.extractor(blocks)
    assert torch.equal(found.values, expected.values)
    assert torch.equal(again.values, expected.values)
    assert found.labels is None
    assert expected.labels is None
