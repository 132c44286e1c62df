"""Studies that measure and print at once, and what studies share."""

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import genmodels
from conftest import Trained
from genmodels.errors import InputError
from genmodels.evaluation import baselines, copying
from genmodels.models import density
from genmodels.report import figures
from studies import few_samples, floors, likelihoods, mixtures, overview, power, results, tables

pytestmark = pytest.mark.slow


@pytest.fixture
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a model may be put on a GPU."""
    model = genmodels.Run.model

    def placed(run: genmodels.Run, **given: Any) -> Any:
        assert given == {"device": "cpu"}
        return model(run, **given)

    monkeypatch.setattr(genmodels.Run, "model", placed)


@pytest.mark.usefixtures("on_the_cpu")
def test_a_likelihood_is_bounded_closer_by_more_samples(trained: Trained, tmp_path: Path) -> None:
    run = genmodels.load(trained(tmp_path / "vae"))
    few, many = (likelihoods.bound(run, samples, 60) for samples in (1, 30))
    assert many.images == 60
    assert many.nats < few.nats
    assert 0 < many.error < many.nats
    with pytest.raises(InputError, match="a GAN has no likelihood"):
        likelihoods.bound(genmodels.load(trained(tmp_path / "gan", "gan.yaml")), 1, 60)


@pytest.mark.usefixtures("on_the_cpu")
def test_a_mixture_is_fitted_for_each_number_of_iterations(
    trained: Trained, tmp_path: Path
) -> None:
    settings = ["--set", "model.sampler=gmm", "--set", "model.components=5"]
    settings += ["--set", "data.validation=0.1"]
    run = genmodels.load(trained(tmp_path / "gmm", "vae.yaml", *settings))
    fits = mixtures.fits(run, [1, 30], rounds=1, count=60)
    (short,), (long,) = fits.values()
    assert short.nats != long.nats
    assert short.distance > 0
    assert density.ITERATIONS == 3
    with pytest.raises(InputError, match="no mixture"):
        mixtures.fits(genmodels.load(trained(tmp_path / "vae")), [1], 1, 60)
    settings[-1] = "data.validation=0"
    without = genmodels.load(trained(tmp_path / "without", "vae.yaml", *settings))
    with pytest.raises(InputError, match=r"no validation images; train with data.validation=0.1"):
        mixtures.fits(without, [1], 1, 60)


@pytest.mark.usefixtures("known_features")
def test_the_first_picture_has_a_panel_for_each_model(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []
    picture = tmp_path / "overview.png"
    monkeypatch.setattr(overview, "PICTURE", picture)
    monkeypatch.setattr(figures, "show", lambda axes, images, title, n: titles.append(title))
    monkeypatch.setattr(genmodels, "compare", partial(genmodels.compare, count=100))
    seeds = [str(trained(tmp_path / f"vae-{n}", "vae.yaml", "--seed", f"{n}")) for n in (0, 1)]
    other = str(trained(tmp_path / "gan", "gan.yaml"))
    monkeypatch.setattr("sys.argv", ["overview", *seeds, other])
    overview.main()
    assert titles[-3:] == ["real images", "vae.yaml, 1 epochs", "gan.yaml, 1 epochs"]
    assert picture.is_file()


@pytest.mark.usefixtures("known_features")
def test_floors_are_those_of_the_protocol_and_copies_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "floors.json"
    for name, value in {"OUT": out, "SIZES": (100, 500, 5000), "REPEATS": 3}.items():
        monkeypatch.setattr(floors, name, value)
    monkeypatch.setattr(copying, "COUNT", 60)
    monkeypatch.setattr("sys.argv", ["floors", "glyphs"])
    floors.main()
    content = results.read(out)
    real = floors.load("glyphs", None)
    halves, found = content["fd"]["test halves"], content["fd"]
    floor = baselines.floor(real).numbers["fd_domain"]
    assert halves["mean"] * halves["size"] / real.count == pytest.approx(floor)
    assert list(found) == ["test halves", "test 100", "test 500", "training", "training and test"]
    assert found["test 100"]["mean"] > 3 * found["test 500"]["mean"]  # it falls as 1/N
    copies = content["copies"]["glyphs"]
    assert copies["training images"] == 1
    assert copies["test images, limit 0.333"] < 0.1
    shares = list(copies.values())[-len(floors.LIMITS) :]
    assert shares == sorted(shares)
    printed = capsys.readouterr().out
    assert f"| test halves | {halves['size']:,} | " in printed
    assert "\n\n| taken for copies | glyphs |\n|---|---|\n| training images | 1 |\n" in printed


@pytest.mark.usefixtures("few_images")
def test_few_samples_are_compared_with_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "results" / "few-samples.json"
    damages = {"dimming": (few_samples.dim, (0.2, 0.8))}
    shrunk = {"OUT": out, "MANY": 100, "FEW": 60, "REPEATS": 2, "DIRECTIONS": 20,
              "DAMAGES": damages, "MISSING": (0.1, 1.0), "DATA": "glyphs"}  # fmt: skip
    for name, value in shrunk.items():
        monkeypatch.setattr(few_samples, name, value)
    monkeypatch.setattr("sys.argv", ["few_samples"])
    few_samples.main()
    content = json.loads(out.read_text())
    assert set(content) == {"protocol", "distances", "hardware", "date", "command", "versions"}
    assert content["protocol"]["data"] == "glyphs"
    assert content["protocol"]["damages"] == {"dimming": [0.2, 0.8], "missing class": [0.1, 1.0]}
    assert set(content["distances"]) == set(few_samples.MEASURES)
    for row in content["distances"].values():
        assert -1 <= row["tau_lowest"] <= row["tau"] <= 1
        assert 0.5 <= row["steps_in_order"] <= 1  # far more dimming is farther away
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head == "| 60 samples by | Kendall's tau | lowest of 2 | steps in order |"
    assert [row.split(" | ")[0] for row in rows] == [f"| {name}" for name in few_samples.MEASURES]

    monkeypatch.setattr("sys.argv", ["few_samples", "--data", "cifar10"])  # blur is for grey ones
    with pytest.raises(SystemExit, match="2"):
        few_samples.main()
    assert "unrecognized arguments: --data cifar10" in capsys.readouterr().err


def test_shares_are_a_table_with_a_column_for_each_number_of_seeds() -> None:
    assert power.shares("wrong", {"a|b": {3: 0.0625, 5: 0.05, 10: 1.0}}).splitlines() == [
        "| wrong | 3 seeds | 5 seeds | 10 seeds |",
        "|---|---|---|---|",
        r"| a\|b | 6.2 % | 5.0 % | 100.0 % |",
    ]


def test_a_median_of_two_seeds_is_between_them() -> None:
    found = {"seeds": [{"fd": 1.0}, {"fd": 2.0, "kid": 0.5}]}
    assert tables.median(found, "fd") == 1.5
    assert tables.median(found, "kid") == 0.5
    assert math.isnan(tables.median(found, "nll"))


def test_a_result_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "new" / "result.json"
    results.write(path, {"fd": [1.5]})
    assert path.read_text() == '{\n "fd": [\n  1.5\n ]\n}\n'
    with pytest.raises(TypeError):
        results.write(path, {"fd": object()})
    assert results.read(path) == {"fd": [1.5]}


def test_studies_write_by_the_functions_that_leave_the_old_file_or_the_new_one() -> None:
    for path in Path(results.__file__).parent.glob("*.py"):
        assert ".write_text(" not in path.read_text(encoding="utf-8"), path.name
