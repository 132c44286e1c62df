"""Studies run: they measure once, and write the pages from what was measured."""

import dataclasses
import importlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import genmodels
from genmodels import api, data
from genmodels.data.images import silent
from genmodels.errors import InputError, Interrupted, Unfinished
from genmodels.evaluation.features import domain
from studies import families, results, study, tables
from studies.command import command
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
    monkeypatch.setattr(families, "SHORT", "0.5s")
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
    longer = {**json.loads(path.read_text()), "budget": "5m"}
    (docs / "results" / "gan-glyphs-5m.json").write_text(json.dumps(longer))
    (docs / "results" / "wgan-gp-glyphs-5m.json").write_text(
        json.dumps({**longer, "preset": "wgan-gp.yaml"} | _of("wgan-gp.yaml"))
    )
    families.main()
    assert json.loads((docs / "measured.json").read_text()) == scores
    assert "(5m)" in (docs / "models.md").read_text()
    for other in (docs / "results").glob("*-5m.json"):
        other.unlink()

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


def _of(preset: str) -> dict[str, Any]:
    settings = api.config(preset, settings=families.layers([]), data="glyphs")
    return {"configuration": settings.plain()}


@pytest.mark.usefixtures("few_images")
def test_seeds_are_added_with_the_steps_of_the_result_and_after_a_stop(
    docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    train, measured_steps = families.train_one, iter([7, 9, 11])

    def stopped(name: str, options: Any, steps: int, seed: int, out: Path) -> genmodels.Run:
        if seed == 1:
            raise Interrupted("stopped", 130)
        return train(name, options, steps, seed, out)

    monkeypatch.setattr(families, "steps_in", lambda *given: next(measured_steps))
    words = ["families", "train", "vae.yaml", "--budget", "0.5s", "--runs", str(docs / "runs")]
    monkeypatch.setattr("sys.argv", [*words, "--seeds", "2"])
    monkeypatch.setattr(families, "train_one", stopped)
    with pytest.raises(SystemExit, match="130"):
        families.main()
    assert capsys.readouterr().err == "families: stopped\n"
    monkeypatch.setattr(families, "train_one", train)
    families.main()
    path = docs / "results/vae-glyphs-0.5s.json"
    result = json.loads(path.read_text())
    assert result["configuration"]["train"]["steps"] == 7
    assert [seed["seed"] for seed in result["seeds"]] == [0, 1]

    (docs / "runs/vae-glyphs-0.5s-steps.json").unlink()
    shutil.rmtree(docs / "runs/vae-glyphs-0.5s-seed-0")
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", [*words, "--seeds", "3"])
    families.main()
    assert capsys.readouterr().out == "1 of 1: vae.yaml, 7 steps\n"
    more = json.loads(path.read_text())
    assert [seed["seed"] for seed in more["seeds"]] == [0, 1, 2]
    assert [seed["fd_domain"] for seed in more["seeds"][:2]] == pytest.approx(
        [seed["fd_domain"] for seed in result["seeds"]]
    )
    monkeypatch.setattr("sys.argv", [*words, "--seeds", "2"])
    families.main()
    assert capsys.readouterr().out == ""


def test_published_results_are_of_features_that_are_known(mnist_root: Path) -> None:
    if not (mnist_root / "FashionMNIST" / "raw").is_dir():
        pytest.skip(f"Fashion-MNIST is not under {mnist_root}")
    sets = [data.load(name, root=mnist_root) for name in ("glyphs", "mnist", "fashion-mnist")]
    shipped = {domain.extractor(images, silent).hash for images in sets}
    assert not shipped & tables.FORMER.keys()
    found = set()
    for path in results.FOLDER.rglob("*.json"):
        found |= set(re.findall(r'"features_hash": "(\w+)"', path.read_text(encoding="utf-8")))
    assert found
    assert found <= shipped | tables.FORMER.keys()
    assert all("former protocol" in tables.described(hash) for hash in found - shipped)
    assert tables.described("0") == "0"


def test_a_changed_preset_is_told_and_its_result_left_out(
    docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = {"preset": "vae.yaml", "settings": [], "data": "glyphs", **_of("vae.yaml")}
    assert families.changes(result) == []
    result["configuration"]["model"]["beta"] = 2.0
    assert families.changes(result) == ["model.beta: 2.0 there, 1.0 now"]
    assert capsys.readouterr().out == ""
    results.write(docs / "results" / "vae-glyphs-0.5s.json", result)
    monkeypatch.setattr("sys.argv", ["families", "page"])
    families.main()
    assert capsys.readouterr().out == (
        "vae-glyphs-0.5s.json is left out, its preset has changed: model.beta: 2.0 there, 1.0 now\n"
    )


def test_published_parts_say_whether_a_model_is_better_by_the_last_weights_too() -> None:
    """A result of before ``both_ways`` was written gets it by this rule."""
    for part in study.PARTS:
        if part.result.is_file() and not part.changes():
            for pair in results.read(part.result)["pairs"]:
                decided = pair["verdict"] == f"{pair['better']} is better"
                same = pair["last_weights"]["better"] == pair["better"]
                averaged = "ema" in pair["weights"].values()
                assert pair["both_ways"] == (decided and (same or not averaged)), part.name


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
    assert part.changes() == []
    assert dataclasses.replace(part, seeds=2).changes() == ["seeds: 1 there, 2 now"]
    assert dataclasses.replace(part, presets=("vae.yaml",)).changes() == ["gan.yaml is gone"]

    for empty in ("", f"{study.EMPTY}\n"):
        page.write_text(f"<!-- small -->\n{empty}<!-- end -->\nMore.\n")
        study.main()
        assert "### Claims" in page.read_text()
    report = tmp_path / "runs" / "small" / "report.md"
    report.rename(report.with_name("elsewhere.md"))
    study.main()  # the page has its part
    page.write_text("<!-- small -->\n<!-- end -->\n")
    capsys.readouterr()
    with pytest.raises(SystemExit, match="2"):
        study.main()
    assert "use --again small" in capsys.readouterr().err

    content = json.loads(part.result.read_text())
    content["configurations"]["gan.yaml"]["model"]["dropout"] = 0.5
    part.result.write_text(json.dumps(content))
    with pytest.raises(SystemExit) as stopped:
        study.main()
    assert stopped.value.code == 2
    assert "gan.yaml: model.dropout: 0.5 there, 0.3 now" in capsys.readouterr().err


def test_nothing_is_trained_for_a_page_without_the_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.md").write_text("<!-- first -->\n<!-- end -->\n")
    parts = [Part(name, "glyphs", ("vae.yaml",), epochs=1, seeds=1) for name in ("first", "second")]
    monkeypatch.setattr(study, "DOCS", tmp_path)
    monkeypatch.setattr(study, "PARTS", parts)
    monkeypatch.setattr(study, "measure", lambda *given: pytest.fail("it trains"))
    monkeypatch.setattr("sys.argv", ["study"])
    with pytest.raises(SystemExit, match="2"):
        study.main()
    assert re.fullmatch(
        r"study: .*study.md has no <!-- second --> with .*\n", capsys.readouterr().err
    )


def test_the_page_has_every_part() -> None:
    for part in study.PARTS:
        _, text, _ = study.split(part.name)
        if not part.result.is_file():
            assert text.strip() == study.EMPTY, part.name
        elif not part.changes():
            assert text.strip() not in ("", study.EMPTY), part.name
    prose = re.sub(
        r"<!-- (\S+) -->\n.*?<!-- end -->", "", (results.DOCS / "study.md").read_text(), flags=re.S
    ).partition("## Results of the former protocol")[0]
    assert not re.search(r"\d\.\d", prose)


@pytest.mark.parametrize(
    ("raised", "code", "line"),
    [
        (InputError("a mistake"), 2, "a mistake"),
        (Unfinished("2 of 5 trainings failed"), 1, "2 of 5 trainings failed"),
        (Interrupted("stopped", 143, "go on"), 143, "stopped; go on"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_a_command_ends_in_one_line(
    raised: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @command
    def main() -> None:
        raise raised

    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == code
    assert capsys.readouterr().err == f"test_studies: {line}\n"


def test_every_study_is_such_a_command() -> None:
    found = []
    for path in sorted(Path(study.__file__).parent.glob("*.py")):
        if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8"):
            module = importlib.import_module(f"studies.{path.stem}")
            assert hasattr(module.main, "__wrapped__"), path.name
            found.append(path.stem)
    assert {"families", "few_samples", "power", "speedrun", "study"} <= set(found)


def test_a_page_without_the_part_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "DOCS", tmp_path)
    (tmp_path / "study.md").write_text("Nothing.\n")
    with pytest.raises(InputError, match=r"study.md has no <!-- small --> with an <!-- end -->"):
        study.fill("small", "# Title\n\nText.\n")
