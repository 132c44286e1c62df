"""Studies run: they measure once, and write the pages from what was measured."""

import json
import re
from pathlib import Path

import pytest

import genmodels
from conftest import Trained
from genmodels.errors import InputError
from genmodels.models import density
from studies import families, likelihoods, mixtures, study
from studies.study import Part

pytestmark = pytest.mark.slow


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the documentation."""
    (tmp_path / "models.md").write_text(f"Mine.\n\n{families.MARK}\n\nOld.\n")
    monkeypatch.setattr(families, "DOCS", tmp_path)
    monkeypatch.setattr(families, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(families, "GRIDS", tmp_path / "pictures" / "models")
    monkeypatch.setattr(families, "SCORES", tmp_path / "measured.json")
    monkeypatch.setattr(families, "DATA", "glyphs")
    return tmp_path


@pytest.mark.usefixtures("few_images")
def test_families_are_measured_once_and_shown(
    docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["families", "train", "--budget", "0.5s", "--runs", str(docs / "runs")]
    both = [*words, "vae.yaml", "gan.yaml"]
    monkeypatch.setattr("sys.argv", both)
    families.main()
    told = r"1 of 2: vae.yaml, [\d,]+ steps\n2 of 2: gan.yaml, [\d,]+ steps\n"
    assert re.fullmatch(told, capsys.readouterr().out)
    families.main()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("sys.argv", [*words, "vae.yaml", "--set", "model.beta=4"])
    families.main()
    monkeypatch.setattr("sys.argv", ["families", "page"])
    families.main()
    page = (docs / "models.md").read_text()
    assert page.startswith(f"Mine.\n\n{families.MARK}\n\n")
    assert "Old" not in page
    scores = json.loads((docs / "measured.json").read_text())
    assert set(scores) == {"vae.yaml", "gan.yaml"}
    assert re.search(r"^\| vae.yaml<br>model.beta=4 \|", page, re.MULTILINE)
    shown = re.findall(r"^\| (\S+\.yaml) .*!\[samples\]\((\S+)\) \|$", page, re.MULTILINE)
    assert [preset for preset, _ in shown] == sorted(scores, key=lambda p: scores[p]["fd"])
    assert all((docs / picture).is_file() for _, picture in shown)
    assert "Not measured: ae-gmm.yaml, " in page

    path = docs / "results" / "gan-glyphs-0.5s.json"
    result = json.loads(path.read_text())
    train = result["configuration"]["train"]
    assert (train["threads"], train["execution"], train["budget"]) == (1, "eager", None)
    assert train["steps"] > 0
    result["protocol"]["fingerprint"] = "of other images"
    path.write_text(json.dumps(result))
    families.main()
    first, _, apart = (docs / "models.md").read_text().partition("## With glyphs")
    assert "| gan.yaml |" not in first
    assert families.APART in apart
    assert "| gan.yaml |" in apart


def test_a_likelihood_is_bounded_closer_by_more_samples(trained: Trained, tmp_path: Path) -> None:
    run = genmodels.load(trained(tmp_path / "vae"))
    few, many = (likelihoods.bound(run, samples, 60) for samples in (1, 30))
    assert many.images == 60
    assert many.nats < few.nats
    assert 0 < many.error < many.nats
    with pytest.raises(InputError, match="a GAN has no likelihood"):
        likelihoods.bound(genmodels.load(trained(tmp_path / "gan", "gan.yaml")), 1, 60)


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


@pytest.mark.usefixtures("few_images")
def test_a_part_of_the_study_is_measured_once_and_refused_when_a_preset_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "study.md"
    page.write_text("Mine.\n\n<!-- small -->\nOld.\n<!-- end -->\nMore.\n")
    part = Part("small", "glyphs", ("vae.yaml", "gan.yaml"), epochs=1, seeds=1)
    monkeypatch.setattr(study, "DOCS", tmp_path)
    monkeypatch.setattr(study, "PARTS", (part,))
    monkeypatch.setattr("sys.argv", ["study", "--jobs", "1", "--runs", str(tmp_path / "runs")])
    study.main()
    text = page.read_text()
    assert text.startswith("Mine.\n\n<!-- small -->\n")
    assert text.endswith("<!-- end -->\nMore.\n")
    assert "Old." not in text
    assert "### Claims" in text
    assert str(tmp_path) not in part.result.read_text()
    capsys.readouterr()
    study.main()
    assert capsys.readouterr().out == "small is measured\n"

    content = json.loads(part.result.read_text())
    content["configurations"]["gan.yaml"]["model"]["dropout"] = 0.5
    part.result.write_text(json.dumps(content))
    with pytest.raises(SystemExit) as stopped:
        study.main()
    assert stopped.value.code == 2
    assert "gan.yaml: model.dropout: 0.5 there, 0.3 now" in capsys.readouterr().err


def test_a_page_without_the_part_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "DOCS", tmp_path)
    (tmp_path / "study.md").write_text("Nothing.\n")
    with pytest.raises(InputError, match=r"study.md has no <!-- small --> with an <!-- end -->"):
        study.fill("small", "# Title\n\nText.\n")
