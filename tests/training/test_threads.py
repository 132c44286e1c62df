"""The number of CPU threads: of a training, of its record and of a comparison."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import genmodels as package
from conftest import TINY, CommandLine, Trained
from genmodels.evaluation import protocol
from genmodels.system import tuning

SAID = "CPU threads: 2 so far, 1 from now on, so the last bits may differ"


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "cores", lambda: 2)


def environment(run: Path) -> Any:
    return json.loads((run / "environment.json").read_text())


def train(genmodels: CommandLine, *given: object) -> str:
    outcome = genmodels("train", "--config", "vae.yaml", *TINY, *given)
    assert outcome.code == 0, outcome.err
    return outcome.err


def test_a_run_records_its_threads(genmodels: CommandLine, workplace: Path) -> None:
    before = torch.get_num_threads()
    said = train(genmodels, "--threads", 2, "--steps", 2, "--out", "two")
    assert "cpu: asked for, threads: 2" in said
    assert torch.get_num_threads() == before
    found = environment(Path("two"))
    assert found["threads"] == 2
    assert "cpu: asked for, threads: 2" in found["reasons"]
    train(genmodels, "--steps", 2, "--out", "default")
    assert environment(Path("default"))["threads"] == before


def test_other_threads_go_on_with_a_run(genmodels: CommandLine, workplace: Path) -> None:
    train(genmodels, "--threads", 2, "--steps", 2, "--out", "run")
    resumed = ["--out", "run", "--resume", "--steps"]
    assert "CPU threads" not in train(genmodels, *resumed, 3, "--threads", 2)
    assert SAID in train(genmodels, *resumed, 4, "--threads", 1)
    assert "CPU threads" not in train(genmodels, *resumed, 5, "--threads", 1)
    assert (found := environment(Path("run")))["threads"] == 2
    assert found["later_threads"] == [1]


def test_the_threads_of_an_earlier_version_are_unknown(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "run")
    content = environment(run)
    del content["threads"]
    (run / "environment.json").write_text(json.dumps(content))
    resumed = ["--out", "run", "--resume", "--threads", 2, "--epochs", 2]
    assert "CPU threads" not in train(genmodels, *resumed)
    assert environment(run) == content


def test_what_a_machine_does_not_have_is_refused(genmodels: CommandLine, workplace: Path) -> None:
    for command in (["train", "--config", "vae.yaml"], ["compare", "vae.yaml"]):
        outcome = genmodels(*command, *TINY, "--steps", 2, "--threads", 3, "--out", "out")
        assert outcome.code == 2
        assert "--threads 3: this process may use 2 cores" in outcome.err
        assert len(outcome.err.splitlines()) == 1
    with pytest.raises(package.InputError, match="`threads=0`: give an integer, 1 or more"):
        package.train("vae.yaml", threads=0)
    assert not Path("out").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
def test_a_comparison_says_whose_threads_were_unequal(
    genmodels: CommandLine, workplace: Path
) -> None:
    train(genmodels, "--threads", 2, "--steps", 2, "--out", "runs/two")
    train(genmodels, "--threads", 1, "--steps", 2, "--seed", 1, "--out", "runs/one")
    words = ["compare", "runs/two", "runs/one", "--count", 100, "--out", "study"]
    assert genmodels(*words).code == 0
    found = json.loads(Path("study/report.json").read_text())
    (model,) = found["models"]  # two seeds
    assert [run["threads"] for run in model["runs"]] == [[2], [1]]
    assert any("vae has 2 or 1" in line for line in found["fairness"])
    assert "CPU threads of training: 2" in Path("study/report.html").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
def test_a_comparison_trains_and_measures_with_its_threads(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, evaluate = [], protocol.evaluate

    def noted(*arguments: Any) -> Any:
        used.append(torch.get_num_threads())
        return evaluate(*arguments)

    monkeypatch.setattr(protocol, "evaluate", noted)
    words = ["compare", "vae.yaml", *TINY, "--steps", 2, "--count", 100, "--threads", 2]
    assert genmodels(*words, "--out", "study").code == 0
    assert used == [2]
    assert environment(Path("study/runs/vae-seed-0"))["threads"] == 2
    assert "Unequal CPU threads" not in Path("study/report.md").read_text()
