"""Samples with labels train classifiers: what a comparison says of it, keeps, and refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from conftest import CommandLine, Trained
from genmodels import api, data
from genmodels.comparison import usefulness
from genmodels.data.images import TRAIN
from genmodels.evaluation import utility
from genmodels.evaluation.utility import AUGMENTED, BOTH, REAL, SAMPLES, Accuracies

QUICK = ("--count", "60", "--features", "random", "--utility")
TEXTS = ("html", "md")
TESTED = 1000  # made-up test images
MISSING = ": no classifier can learn from samples without labels; "


def fail(*given: Any) -> Any:
    raise AssertionError("trained again")


def report(folder: str = "comparison") -> Any:
    return json.loads((Path(folder) / "report.json").read_text())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, known_features: None) -> None:
    monkeypatch.setattr(utility, "STEPS", 3)
    monkeypatch.setattr(utility, "SEEDS", 2)


def save_labelled(path: str, count: int = 100) -> None:
    images = data.load("glyphs")
    assert images.labels is not None
    rows = images.splits[TRAIN][:count]
    np.savez(path, images=images.table[rows].numpy(), labels=images.labels[rows].numpy())


@pytest.mark.usefixtures("quick")
def test_runs_and_given_images_train_classifiers_once(
    genmodels: CommandLine, workplace: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cvae", "vae"):
        trained(workplace / "runs" / name, f"{name}.yaml")
    save_labelled("copies.npz")
    words = ("compare", "runs/cvae", "runs/vae", "copies.npz", *QUICK)
    outcome = genmodels(*words)
    assert outcome.code == 0, outcome.err
    assert "--utility: 12 classifiers are trained, 3 steps each: about " in outcome.err
    assert "100 %  36 of 36" in outcome.err
    content = report()["utility"]
    assert (content["steps"], content["seeds"]) == (3, 2)
    assert content["without_labels"] == ["vae"]
    sets = [(each["trained_on"], each["model"]) for each in content["sets"]]
    assert sets == [
        (REAL, None), (AUGMENTED, None), (SAMPLES, "cvae"), (BOTH, "cvae"),
        (SAMPLES, "copies.npz"), (BOTH, "copies.npz"),
    ]  # fmt: skip
    real = content["sets"][0]
    assert real["gain"] is None
    drawn = utility.STEPS * 128  # fewer than there are training images
    assert [each["images"] - real["images"] for each in content["sets"]][1::2] == [0, drawn, 100]
    for each in content["sets"]:
        assert 0 <= each["accuracy"]["low"] <= each["accuracy"]["mean"]
        assert each["accuracy"]["mean"] <= each["accuracy"]["high"] <= 1
        assert len(each["accuracy"]["values"]) == 2
        assert ((each["gain"] or {}).get("p_value") is None) == (
            each["trained_on"] in (REAL, SAMPLES)
        )
    for text in (outcome.out, *(Path("comparison", f"report.{e}").read_text() for e in TEXTS)):
        assert text.count(f"vae{MISSING}") == 1
        assert "real images and samples of copies.npz" in text
        assert "cvae: a classifier that learns from its samples alone is right about" in text
    monkeypatch.setattr(utility, "accuracies", fail)
    monkeypatch.setattr(utility, "draw", fail)
    again = genmodels(*words, "--out", "again")
    assert again.code == 0, again.err
    assert "12 of 12 classifiers were trained before, with the same settings: read" in again.err
    assert report("again")["utility"] == content
    monkeypatch.setattr(utility, "STEPS", 4)
    with pytest.raises(AssertionError, match="trained again"):
        genmodels(*words)


@pytest.mark.usefixtures("quick")
def test_without_labelled_samples_nothing_is_trained(
    genmodels: CommandLine, workplace: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(workplace / "runs" / "vae")
    monkeypatch.setattr(utility, "accuracies", fail)
    outcome = genmodels("compare", "runs/vae", *QUICK)
    assert outcome.code == 0, outcome.err
    assert "classifiers" not in outcome.err
    assert outcome.out.count(f"vae{MISSING}") == 1
    assert report()["utility"]["sets"] == []
    for ending in TEXTS:
        assert Path("comparison", f"report.{ending}").read_text().count(f"vae{MISSING}") == 1
    assert genmodels("compare", "runs/vae", *QUICK[:-1]).code == 0
    assert "utility" not in report()
    assert 'id="utility"' not in Path("comparison/report.html").read_text()


@pytest.mark.parametrize("subject", ["vae.yaml", "pictures.npy"])
def test_data_without_labels_are_refused_before_anything_is_computed(
    subject: str, genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = data.load("glyphs").table[:200]
    api.save_images(images, "pictures")
    np.save("pictures.npy", images.numpy())
    monkeypatch.setattr("genmodels.comparison.judges.extractors", fail)
    limit = ("--steps", "2") if subject.endswith(".yaml") else ()
    outcome = genmodels("compare", subject, "--data", "./pictures", *limit, *QUICK)
    assert outcome.code == 2
    said = outcome.err.splitlines()[-1]
    assert said.startswith("genmodels: --utility: ")
    assert said.endswith(
        "has no labels of two or more classes, which classifiers could learn; leave it out, or "
        "take a labelled set or a folder with one folder for each class"
    )
    assert not Path("comparison").exists()


def made(mean: float, spread: float = 0.001, count: int = 3) -> Accuracies:
    """Return accuracies around a mean; harder test images are those with higher numbers."""
    values = [mean + spread * (each - (count - 1) / 2) for each in range(count)]
    right = [(torch.arange(TESTED) < round(value * TESTED)).double() for value in values]
    return Accuracies(100, [each.mean().item() for each in right], torch.stack(right).mean(0))


def accuracies(samples: float, both: float) -> dict[str, Accuracies]:
    return {SAMPLES: made(samples), BOTH: made(both)}


REAL_SETS = {REAL: made(0.90), AUGMENTED: made(0.901)}


def test_what_is_added_is_said_and_tested() -> None:
    models = {
        "a": [accuracies(0.7, 0.95)],
        "b": [accuracies(0.6, 0.901)],
        "c": [accuracies(0.5, 0.85)],
    }
    found = usefulness.of(REAL_SETS, models)
    flips, a, b, c = found.sentences
    assert flips.startswith("Whether flips and shifts add to real images is not resolved: +0.10 ")
    assert a.startswith(
        "a: a classifier that learns from its samples alone is right about 70.00 % of test images, "
        "from real images 90.00 %. Its samples add 5.00 points beside real images (+"
    )
    assert "Whether its samples add to real images is not resolved: +0.10 points (-" in b
    assert "Its samples cost 5.00 points beside real images (-" in c
    gains = {each.name: each.gain for each in found.sets}
    added = gains["real images and samples of a"]
    assert added is not None
    assert added.size == pytest.approx(0.05)
    assert 0 < added.low < added.size < added.high
    assert added.p_value is not None
    assert gains["real images"] is None
    alone = gains["samples of a"]
    assert alone is not None
    assert alone.p_value is None


def test_p_values_are_corrected_for_the_number_of_tests() -> None:
    one = usefulness.of(REAL_SETS, {"a": [accuracies(0.7, 0.95)]})
    two = usefulness.of(REAL_SETS, {"a": [accuracies(0.7, 0.95)], "b": [accuracies(0.7, 0.90)]})

    def p_value(found: usefulness.Utility) -> float:
        (gain,) = (each.gain for each in found.sets if (each.kind, each.model) == (BOTH, "a"))
        assert gain is not None
        assert gain.p_value is not None
        return gain.p_value

    assert p_value(two) == pytest.approx(3 / 2 * p_value(one))


def test_the_note_says_what_intervals_are_of() -> None:
    one, two = [accuracies(0.7, 0.9)], [accuracies(0.7, 0.9)] * 2
    note = usefulness.of(REAL_SETS, {"a": one, "b": two, "c": [None]}).note
    assert "Each interval is of one comparison by itself; p is corrected for the number" in note
    assert "With one run, as of a, an interval is of these samples only, not of other" in note
    assert "With one run" not in usefulness.of(REAL_SETS, {"b": two}).note


def test_intervals_stay_within_their_bounds() -> None:
    real = {REAL: made(1.0, 0.0), AUGMENTED: made(0.999)}
    found = usefulness.of(real, {"a": [{SAMPLES: made(0.001), BOTH: made(1.0, 0.0)}]})
    for each in found.sets:
        assert each.accuracy.low is not None
        assert each.accuracy.high is not None
        assert 0 <= each.accuracy.low < each.accuracy.high <= 1
        assert each.accuracy.low <= each.accuracy.mean <= each.accuracy.high
        assert each.gain is None or -1 <= each.gain.low <= each.gain.high <= 1
    assert "Whether its samples add to real images is not resolved: +0.00" in found.sentences[1]


def test_several_runs_count_once_each() -> None:
    runs = [accuracies(0.7, 0.95), accuracies(0.72, 0.93)]
    found = usefulness.of(REAL_SETS, {"a": runs})
    (both,) = (each for each in found.sets if each.kind == BOTH)
    assert both.accuracy.values == pytest.approx((0.95, 0.93))
    assert both.accuracy.mean == pytest.approx(0.94)
    single = usefulness.of(REAL_SETS, {"a": runs[:1]})
    assert single.sets[-1].accuracy.values == pytest.approx((0.949, 0.95, 0.951))
    assert len(found.sets) == len(single.sets) == 4


def test_runs_without_labels_are_named_once() -> None:
    found = usefulness.of(REAL_SETS, {"a": [accuracies(0.7, 0.9)], "b": [None, None], "c": [None]})
    assert found.without == ["b", "c"]
    assert found.missing.startswith(f"b, c{MISSING}")
    assert usefulness.of({}, {"b": [None]}).table() == []
    assert usefulness.of(REAL_SETS, {"a": [accuracies(0.7, 0.9)]}).missing == ""
