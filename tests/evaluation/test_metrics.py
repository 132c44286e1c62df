"""A metric is one row: whatever is in the table is computed, labelled and shown."""

import pytest

from genmodels import data
from genmodels.evaluation import reference
from genmodels.evaluation.features import domain
from genmodels.evaluation.metrics import scores, table
from genmodels.evaluation.metrics.metric import Metric
from genmodels.evaluation.metrics.samples import Undefined


@pytest.fixture
def seen():
    images = data.load("glyphs")
    return reference.of(images, domain.untrained(1), 100, lambda *given: None)


def test_a_new_row_is_computed(seen, monkeypatch):
    def mean(samples):
        return samples.features.values.mean().item()

    def never(samples):
        raise Undefined("never there")

    rows = (*scores.SAMPLE_METRICS, Metric("mean", "mean", compute=mean),
            Metric("never", "never", compute=never))  # fmt: skip
    monkeypatch.setattr(scores, "SAMPLE_METRICS", rows)
    found = scores.score(seen, seen.test)
    assert found.numbers["mean"] == seen.test.values.mean().item()
    assert found.undefined["never"] == "never there"


def test_every_number_of_samples_has_a_row(seen):
    found = scores.score(seen, seen.test)
    keys = {*found.numbers, *found.undefined} - {scores.fd_name(seen)}
    assert keys == {metric.key for metric in scores.SAMPLE_METRICS}
    assert keys <= table.METRICS.keys()


def test_keys_are_unique_and_labelled():
    assert all(key == metric.key and metric.label for key, metric in table.METRICS.items())
    assert table.label("fd_domain") == "FD on domain features"
    assert table.label("fid") == "FID"
    assert {"kid", "memorised"} <= table.LOWER_IS_BETTER


def test_the_test_images_themselves_are_perfect(seen):
    numbers = scores.score(seen, seen.test).numbers
    assert numbers["precision"] == numbers["coverage"] == numbers["diversity"] == 1
    assert numbers["kid"] == pytest.approx(0, abs=1e-2)
