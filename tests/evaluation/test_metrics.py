"""A metric is one row: whatever is in the table is computed, labelled and shown."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels import config, sampling, testing
from genmodels.data.images import Batch
from genmodels.evaluation.metrics import discrimination, likelihood, scores, table
from genmodels.evaluation.metrics.image_metrics import IMAGE_METRICS
from genmodels.evaluation.metrics.metric import WITHOUT, Metric, Undefined, Values, values
from genmodels.evaluation.metrics.model_metrics import MODEL_METRICS, TRAINING_METRICS
from genmodels.evaluation.metrics.trained import Trained
from genmodels.evaluation.reference import Reference
from genmodels.models.base import Discriminates, Encodes, HasLikelihood
from genmodels.runs.manifest import SavedProgress

MLP = {"class": "MLP", "hidden": [8]}


@pytest.fixture(scope="module")
def seen(glyphs_reference: Reference) -> Reference:
    return replace(glyphs_reference, count=100, views={})


def test_a_new_row_is_computed(seen: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    def mean(samples: Any) -> float:
        return samples.features.values.mean().item()

    def never(samples: Any) -> float:
        raise Undefined("never there")

    rows = (*scores.SAMPLE_METRICS, Metric("mean", "mean", compute=mean),
            Metric("never", "never", compute=never))  # fmt: skip
    monkeypatch.setattr(scores, "SAMPLE_METRICS", rows)
    found = scores.score(seen, seen.test)
    assert found.numbers["mean"] == seen.test.values.mean().item()
    assert found.undefined["never"] == "never there"


def test_every_number_of_samples_has_a_row(seen: Reference) -> None:
    found = scores.score(seen, seen.test)
    keys = {*found.numbers, *found.undefined} - {scores.fd_name(seen)}
    assert keys == {metric.key for metric in scores.SAMPLE_METRICS}
    assert keys <= table.METRICS.keys()


def test_keys_are_unique_and_every_row_is_complete() -> None:
    rows: list[Metric[Any]] = [*scores.SAMPLE_METRICS, *IMAGE_METRICS, *MODEL_METRICS]
    rows += [*TRAINING_METRICS, *table.PROTOCOL_METRICS, *table.LOGGED_METRICS]
    assert len({row.key for row in rows}) == len(rows) == len(table.METRICS)
    for row in [*rows, table.FD]:
        assert row.label, row.key
        assert row.meaning, row.key
        assert row.key.startswith(row.group)
        assert row.applies_to in (None, *WITHOUT)
    labels = [row.label for row in rows]
    assert len(set(labels)) == len(labels)


def _better(key: str) -> str:
    found = table.metric_of(key)
    assert found, key
    return found.better


def test_labels_and_directions_of_distances() -> None:
    assert table.label("fd_domain") == "FD on domain features"
    assert table.label("fid") == "FID"
    for key in ("fid", "fd_random", "kid", "copied", "nll_levels_elbo", "distance_best"):
        assert _better(key) == "lower", key
    assert {"kid", "copied"} <= table.LOWER_IS_BETTER
    for key in ("recall", "label_accuracy", "sampling_images_per_second"):
        assert _better(key) == "higher", key
    for key in ("diversity", "sharpness", "discriminator_ranks_training", "training_images"):
        assert _better(key) == "", key


def test_a_number_without_a_row_is_shown_with_spaces() -> None:
    assert table.metric_of("logged_own_term") is None
    assert table.label("logged_own_term") == "logged own term"


@pytest.mark.slow
@pytest.mark.parametrize("preset", config.presets())
def test_every_number_that_a_preset_may_have_has_a_row(preset: Any) -> None:
    with torch.no_grad():
        model = testing.make(config.read(preset).model, (1, 28, 28)).eval()
        labels = torch.tensor([0, 1]) if model.num_classes else None
        terms = model.validation_metrics(Batch(torch.rand(2, 1, 28, 28), labels))
    keys = [f"logged_{term}" for term in terms]
    if isinstance(model, Discriminates):
        keys += [f"{term.removesuffix('.loss')}_from_equilibrium" for term in model.equilibrium()]
    if isinstance(model, HasLikelihood):
        kinds = ["exact"] if model.exact else ["elbo", "iwae_100"]
        keys += [f"nll_{model.pixels}_{kind}" for kind in kinds]
    assert [key for key in keys if table.metric_of(key) is None] == []


class Coder:
    """Has an encoder by its methods, and nothing else."""

    def encode(self, images: Tensor, labels: Any = None) -> None:
        raise AssertionError

    def decode(self, latents: Tensor, labels: Any = None) -> None:
        raise AssertionError


def test_a_row_applies_to_models_with_its_ability() -> None:
    rows = [
        Metric("of_codes", "of codes", compute=len, applies_to=Encodes),
        Metric("of_all", "of all", compute=len),
    ]
    assert values(rows, "abc", Coder()) == Values({"of_codes": 3, "of_all": 3}, {})
    missing = {"of_codes": "the model has no encoder"}
    assert values(rows, "abc", object()) == Values({"of_all": 3}, missing)


def test_a_group_is_missing_only_if_all_of_it_is() -> None:
    def never(context: Any) -> float:
        raise Undefined("never there")

    rows: list[Metric[Any]] = [Metric(f"bound_{n}", "bound", compute=c, group="bound")
            for n, c in (("tight", never), ("loose", len))]  # fmt: skip
    assert values(rows, "abc") == Values({"bound_loose": 3}, {})
    assert values(rows[:1], "abc") == Values({}, {"bound": "never there"})


PROGRESS: SavedProgress = {"step": 1, "images": 1, "seconds": 1.0, "sums": {}, "counts": {}}


def test_a_model_is_passed_through_once_however_many_rows_there_are(
    seen: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    bounds = likelihood.Bounds("levels", {"elbo": 2.0, "iwae_100": 1.0}, 3)
    monkeypatch.setattr(likelihood, "bounds", lambda *given: passes.append(1) or bounds)  # type: ignore[func-returns-value]
    model = testing.make({"class": "VAE", "latent_dim": 2, "network": MLP}, (1, 28, 28))
    trained = Trained(seen, [torch.rand(9, 1, 28, 28)], seen.test[:9], None, model, 0, PROGRESS, {},
                      lambda images: None, model)  # fmt: skip
    rows = [row for row in MODEL_METRICS if row.applies_to is HasLikelihood]
    found = values(rows, trained, model)
    assert found.numbers == {"nll_levels_iwae_100": 1, "nll_levels_elbo": 2, "active_units": 3}
    assert set(found.undefined) == {"nll_binary", "nll_continuous"}
    assert len(passes) == 1


def test_a_discriminator_is_judged_with_the_weights_that_played(
    seen: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def discriminate(model: Any, device: Any, samples: Any, reference: Any) -> str:
        given.append((model, torch.cat([batch.images for batch in samples])))
        return "logits"

    monkeypatch.setattr(discrimination, "discriminate", discriminate)
    ema, last = (
        testing.make({"class": "GAN", "latent_dim": 2, "network": MLP}, (1, 28, 28)).eval()
        for _ in range(2)
    )
    drawn = [torch.rand(9, 1, 28, 28)]
    counted: list[int] = []
    for last_weights_model in (ema, last):
        trained = Trained(seen, drawn, seen.test[:9], None, ema, 0, PROGRESS, {}, counted.append,
                          last_weights_model)  # fmt: skip
        assert trained.logits == "logits"  # type: ignore[comparison-overlap]
    assert given[0][0] is ema
    assert torch.equal(given[0][1], drawn[0])
    assert given[1][0] is last
    torch.testing.assert_close(given[1][1], next(sampling.sample(last, 9, 0)))
    assert counted == [9]
    assert discrimination.planned(ema, ema, seen) == 0
    assert discrimination.planned(ema, last, seen) == 100


def test_the_test_images_themselves_are_perfect(seen: Reference) -> None:
    numbers = scores.score(seen, seen.test).numbers
    assert numbers["precision"] == numbers["coverage"] == numbers["diversity"] == 1
    values = seen.test.values  # the unbiased estimate leaves out an image beside itself, once
    kernel = (values @ values.T / values.shape[1] + 1) ** 3
    others = (kernel.sum() - kernel.trace()) / (len(values) * (len(values) - 1))
    assert numbers["kid"] == pytest.approx(2 * (others - kernel.mean()).item())
