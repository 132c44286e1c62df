"""``verify`` and ``doctor``: what is whole is called whole, what is not is named."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from conftest import CommandLine, Trained
from genmodels import api
from genmodels.api import machine
from genmodels.config import yaml12
from genmodels.models import VAE
from genmodels.runs import checkpoint


@pytest.fixture
def run(workplace: Path, trained: Trained) -> Any:
    return trained(workplace / "runs" / "vae-1")


def test_a_whole_run(run: Any, genmodels: CommandLine) -> None:
    outcome = genmodels("verify", run, "--replay", 5)
    assert outcome.code == 0, outcome
    lines = outcome.out.splitlines()
    assert lines[0] == "config.yaml  ok: settings"
    assert any(line.startswith("checkpoints/step-000000021") for line in lines)
    assert lines[-2] == "5 steps, trained twice: equal bit for bit"


def test_replaying_touches_nothing(run: Any, genmodels: CommandLine) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert genmodels("verify", run, "--replay", 3).code == 0
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


FILES = [
    "config.yaml", "environment.json", "log.jsonl", "checkpoints/step-000000021.safetensors",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["empty", "noise", "folder"])
def test_every_damaged_file_is_named(
    name: Any, damage: str, run: Any, genmodels: CommandLine
) -> None:
    path = run / name
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage == "noise":
        path.write_bytes(random.Random(0).randbytes(len(content)) + b"\n")
    else:
        path.write_bytes(b"")
    outcome = genmodels("verify", run)
    if damage == "empty" and name == "log.jsonl":
        assert outcome.code == 0  # as before the end of the first epoch
        return
    assert outcome.code == 2, outcome
    assert name in outcome.out + outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("name", FILES)
def test_every_missing_file_is_named(name: str, run: Any, genmodels: CommandLine) -> None:
    (run / name).unlink()
    outcome = genmodels("verify", run)
    assert outcome.code == 2, outcome
    if name in FILES[:2]:
        assert f"{run} has files of a training and no {name}; restore that file" in outcome.err
        return
    assert f"\n{name.partition('/')[0]}  MISSING: " in outcome.out
    assert outcome.out.count("MISSING") == 1
    assert outcome.err.endswith(f" files of {run} are damaged or missing\n")


def test_a_run_before_its_first_epoch_lacks_no_log(run: Any, genmodels: CommandLine) -> None:
    (newest,) = (run / "checkpoints").iterdir()
    saved = api.load(run).folder.latest()
    header = {k: v for k, v in saved.header.items() if k != "format"}
    progress = {**saved.header["progress"], "recorded": 0}
    checkpoint.save(newest, saved.tensors, {**header, "progress": progress})
    (run / "log.jsonl").unlink()
    outcome = genmodels("verify", run)
    assert (outcome.code, "log.jsonl  ok: 0 records of epochs, 0 of copies" in outcome.out) == (
        0,
        True,
    )


def test_records_of_the_log_are_counted_by_kind(run: Any, genmodels: CommandLine) -> None:
    folder = api.load(run).folder
    before = len(folder.log())
    folder.append({"step": 21, "images": 168, "copies.samples": 0.0, "copies.found": 0})
    assert (
        f"log.jsonl  ok: {before} record of epochs, 1 of copies\n" in genmodels("verify", run).out
    )


def test_all_commands_say_that_the_log_is_missing(run: Any, genmodels: CommandLine) -> None:
    (run / "log.jsonl").unlink()
    said = f"{run}/log.jsonl is missing: the epochs until step 21 were recorded in it; restore it"
    quick = ("--count", "60", "--features", "random")
    for words in (("compare", run, *quick), ("train", "--out", run, "--resume", "--steps", 25)):
        outcome = genmodels(*words)
        assert (outcome.code, outcome.err.count(said)) == (0, 1), outcome
    assert "log.jsonl is missing" not in genmodels("compare", run, *quick).err


def test_weights_of_another_model_are_refused(run: Any, genmodels: CommandLine) -> None:
    (other,) = (run / "checkpoints").iterdir()
    saved = api.load(run).folder.latest()
    header = {k: v for k, v in saved.header.items() if k != "format"}
    huge = json.loads(json.dumps(header))
    huge["config"]["model"]["network"]["hidden"] = [10**9]
    checkpoint.save(other, saved.tensors, huge)
    text = yaml12.dump(huge["config"])
    (run / "config.yaml").write_text(text)
    for arguments in (["verify", run], ["sample", run]):
        outcome = genmodels(*arguments)
        assert outcome.code == 2, outcome
        assert "does not hold the weights of the model it describes" in outcome.out + outcome.err
    assert (run / "config.yaml").read_text() == text


def test_steps_that_do_not_repeat_are_told(
    run: Any, genmodels: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    phases = VAE.phases

    def noisy(self: Any) -> list[Any]:
        (phase,) = phases(self)
        objective = phase.objective

        def shifted(batch: Any) -> dict[Any, Any]:
            terms = objective(batch)
            unseeded = torch.rand((), generator=generator)
            return {**terms, "loss": terms["loss"] * unseeded}

        import dataclasses

        return [dataclasses.replace(phase, objective=shifted)]

    generator = torch.Generator()
    monkeypatch.setattr(VAE, "phases", noisy)
    outcome = genmodels("verify", run, "--replay", 2)
    assert outcome.code == 2
    assert "2 steps of" in outcome.err
    assert "are not reproducible on this machine" in outcome.err


def test_doctor_tries_a_training(genmodels: CommandLine, workplace: Path) -> None:
    outcome = genmodels("doctor")
    assert outcome.code == 0, outcome
    for word in ("genmodels", "torch ", "device", "precision", "cache", "training", "sampling"):
        assert word in outcome.out
    assert list(Path().iterdir()) == []


def test_doctor_suggests_another_folder_where_runs_cannot_be_kept(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "trial", lambda: iter(()))
    assert genmodels("doctor").out.endswith("\nnext: genmodels train --config vae.yaml\n")
    Path("runs").write_text("a file")
    *_, why, todo = genmodels("doctor").out.splitlines()
    assert why == "runs cannot be kept in this folder: runs is a file"
    assert todo == "next: genmodels train --config vae.yaml --out FOLDER"
