"""The command line: its contract, and that every mistake is one line and exit code 2."""

import importlib.util
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
from PIL import Image

from conftest import TINY, CommandLine, Trained
from genmodels import api, runs
from genmodels.cli.groups import Group
from genmodels.data import pictures
from genmodels.system import device as devices


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def refused(outcome: Any, *fragments: str) -> None:
    """Exit code 2 and one line, after what was said on the way."""
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    *before, line = outcome.err.splitlines()
    assert line.startswith("genmodels: "), outcome.err
    assert not [text for text in before if text.startswith(("genmodels: ", "Traceback", " "))]
    for fragment in fragments:
        assert fragment in line, line


def tensors(run: Path) -> tuple[Any, ...]:
    path = max((run / "checkpoints").iterdir())
    with safetensors.safe_open(path, framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, path.name  # noqa: SIM118


def log(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


# What a user can get wrong; each leaves the folder as it was.

TRAIN = ["train", "--config", "vae.yaml", "--data", "glyphs", "--epochs", "1"]
MISTAKES = {
    "command": (["trian"], ["trian", "train"]),
    "option": (["train", "--confg", "vae.yaml"], ["--confg", "--config"]),
    "number": ([*TRAIN, "--seed", "x"], ["'--seed': 'x' must be an integer;"]),
    "long number": (["sample", "--count", "9" * 5000], ["--count", "must be an integer"]),
    "negative number": (["compare", "--count", "-1"], ["--count -1: give an integer, 10 or more"]),
    "no configuration": (["train"], ["--config", "vae.yaml"]),
    "configuration": (["train", "--config", "vea.yaml"], ["vea.yaml", "did you mean 'vae'?"]),
    "key": ([*TRAIN, "--set", "train.batchsize=3"], ["--set train.batchsize: un", "'batch_size'"]),
    "value": ([*TRAIN, "--set", "train.batch_size=0"], ["train.batch_size: is 0; give 1 or more"]),
    "class": ([*TRAIN, "--set", "model.class=VEA"], ["'VEA'", "did you mean 'VAE'", "GAN"]),
    "assignment": ([*TRAIN, "--set", "seed"], ["not an assignment", "train.batch_size=128"]),
    "data set": ([*TRAIN[:-4], "--data", "glyhps"], ["glyhps", "did you mean 'glyphs'", "mnist"]),
    "device": ([*TRAIN, "--device", "gpu"], ["'gpu'", "cuda"]),
    "absent device": ([*TRAIN, "--device", "cuda:77"], ["cuda:77", "not present"]),
    "precision": ([*TRAIN, "--precision", "fp23"], ["fp23", "did you mean 'fp32'", "bf16"]),
    "two limits": ([*TRAIN, "--steps", "3"], ["--epochs, --steps and --budget"]),
    "budget": (
        ["train", "--config", "vae.yaml", "--budget", "10"],
        ["genmodels: --budget: is '10'; a budget looks like 90s, 10m or 2h"],
    ),
    "no epochs": ([*TRAIN[:-1], "0"], ["genmodels: --epochs 0: give an integer, 1 or more"]),
    "fewer epochs": ([*TRAIN[:-1], "-1"], ["genmodels: --epochs -1: give an integer, 1 or more"]),
    "a word": ([*TRAIN[:-4], "--on-nan", "go"], ["genmodels: --on-nan: is 'go'; give 'stop'"]),
    "root of the embedded set": (
        [*TRAIN, "--data-root", "sets"],
        ["--data-root sets is for named data sets, and glyphs is embedded in the package"],
    ),
    "absent root": (
        ["train", "--config", "vae.yaml", "--data-root", "sets"],
        ["--data-root sets: there is no such folder; give the folder of the data sets"],
    ),
    "root of a folder": (
        ["train", "--config", "vae.yaml", "--data", ".", "--data-root", "sets"],
        ["--data-root sets is for named data sets, and . is a folder of pictures; leave it out"],
    ),
    "pictures of a named set": (
        ["compare", "vae.yaml", "--on-bad", "skip"],
        ["--on-bad skip is for folders of pictures, and mnist is a named data set; leave it out"],
    ),
    "long name": (["sample", "x" * 5000], ["no run at", "genmodels train"]),
    "long folder": ([*TRAIN, "--out", "x" * 5000], ["--out 'xxx", "File name too long"]),
    "a name of two lines": (["sample", "a\nb\x1b[2J"], ["no run at 'a\\nb\\x1b[2J'"]),
    "a file of two lines": (["train", "-c", "x/a\nb"], ["there is no file x/a\\nb; give a path"]),
    "no memory": ([*TRAIN, "--set", "model.network.hidden=[2147483647]"], ["memory ran out"]),
    "large pictures": ([*TRAIN, "--set", "data.image_size=2147483647"], ["memory ran out: lower"]),
    "small images": (
        [*TRAIN, "--set", "data.image_size=8", "--set", "model.network={class: Conv}"],
        ["8x8", "9x9 or more", "the network's channels"],
    ),
    "large batch": ([*TRAIN, "--set", "train.batch_size=20000"], ["20000", "train.batch_size="]),
    "run": (["sample", "nowhere"], ["nowhere", "genmodels train"]),
    "no runs": (["sample"], ["no run under runs/", "genmodels train"]),
    "nothing to compare": (["compare"], ["no run under runs/"]),
    "a folder without pictures to compare": (
        ["compare", "."], ["folder '.' holds no run; compare takes runs, configurations such as"],
    ),
    "a file to compare": (
        ["compare", __file__], [".py' is a file, and no folder of a run; compare takes runs, con"],
    ),
    "a folder that is no run": (["sample", "."], ["folder '.' holds no run; train one with"]),
    "mode": (["interpolate", "--mode", "slrp"], ["slrp", "did you mean 'slerp'", "perturb"]),
    "weights": (["sample", "--weights", "best"], ["best", "ema or last"]),
    "resume of no run": (["train", "--resume"], ["--out RUN --resume"]),
    "resume of a mistyped run": (
        ["train", "--resume", "--out", "runs/nope"], ["no run at 'runs/nope'; train one with"],
    ),
    "resume of nothing": ([*TRAIN, "--resume"], ["no run of vae to resume", "--out"]),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "fragments"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line(
    arguments: Any, fragments: Any, genmodels: CommandLine, workplace: Path
) -> None:
    refused(genmodels(*arguments), *fragments)
    assert tree(workplace) == set()


def test_all_problems_of_a_configuration_are_listed(
    genmodels: CommandLine, workplace: Path
) -> None:
    outcome = genmodels(*TRAIN, "--set", "sed=1", "--set", "train.epoch=3")
    assert outcome.code == 2
    first, *problems = outcome.err.splitlines()
    assert first == "genmodels: there are 2 problems:"
    wanted = ("  --set train.epoch: unknown key (did you mean 'epochs'?)", "  --set sed: unknown")
    assert [p.startswith(w) for p, w in zip(problems, wanted, strict=True)] == [True, True]


@pytest.mark.parametrize("content", ["nothing", "one", "broken"])
def test_folders_that_are_no_data_set(
    content: str, genmodels: CommandLine, workplace: Path
) -> None:
    folder = workplace / "mine"
    folder.mkdir()
    if content != "nothing":
        Image.new("L", (16, 16), 80).save(folder / "a.png")
    if content == "broken":
        (folder / "b.png").write_bytes(b"\x89PNG no picture")
    before = tree(workplace)
    wanted = {"nothing": "0 pictures", "one": "1 picture", "broken": "b.png: not a picture"}
    refused(genmodels("train", "--config", "vae.yaml", "--data", folder), wanted[content])
    assert tree(workplace) == before


def test_a_set_that_cannot_be_had(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    def refuse(*arguments: Any, **options: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    given = genmodels("train", "--config", "vae.yaml", "--data", "kmnist", "--steps", "1")
    root = Path(os.environ["GENMODELS_DATA"])
    refused(given, "kmnist", str(root), "KMNIST/raw/train-images-idx3-ubyte", "--data glyphs")
    root.mkdir(exist_ok=True)
    placed = genmodels("train", "--config", "vae.yaml", "--data-root", root, "--steps", "1")
    refused(placed, f"data set mnist is not in {root} and cannot be downloaded")
    assert tree(workplace) == set()
    configured = genmodels("train", "--config", "vae.yaml", "--steps", "1", *TINY[2:])
    assert configured.code == 0
    assert "taking glyphs instead, as data.offline says" in configured.err
    run = Path(configured.out.splitlines()[0].removeprefix("run: "))
    noted = json.loads((run / "environment.json").read_text())["data"]
    assert noted["name"] == "glyphs"
    assert "taking glyphs instead" in noted["notes"][0]


@pytest.mark.parametrize("damage", ["no checkpoint", "truncated", "foreign", "empty"])
def test_runs_that_cannot_be_used(
    damage: str, genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae-1")
    (checkpoint,) = (run / "checkpoints").iterdir()
    if damage == "no checkpoint":
        checkpoint.unlink()
    elif damage == "foreign":
        import torch
        from safetensors.torch import save_file

        save_file({"a": torch.zeros(2)}, checkpoint)
    else:
        size = checkpoint.stat().st_size if damage == "truncated" else 0
        os.truncate(checkpoint, size // 2)
    wanted = {
        "no checkpoint": "has no checkpoint",
        "truncated": "damaged or incomplete",
        "empty": "damaged or incomplete",
        "foreign": "was not written by genmodels",
    }
    before = tree(workplace)
    verbs_on_runs = [["sample", run], ["interpolate", run], ["compare", run]]
    for arguments in verbs_on_runs:
        refused(genmodels(*arguments), wanted[damage])
    assert tree(workplace) == before


def test_runs_on_different_data_are_not_compared(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    for number in range(60):
        folder = workplace / "mine" / f"{number % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28), number * 4).save(folder / f"{number}.png")
    a = trained(workplace / "runs" / "a")
    options = [*TINY[2:4], "--set", "train.batch_size=8", "--steps", "1", "--out", "runs/b"]
    assert genmodels("train", "--config", "vae.yaml", "--data", "mine", *options).code == 0
    before = tree(workplace)
    refused(genmodels("compare", a, "runs/b"), "different data", "glyphs", "mine", "same --data")
    assert tree(workplace) == before


def test_other_outputs_that_are_refused(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae-1", "vae.yaml", "--set", "train.ema=null")
    refused(genmodels("sample", run, "--out", "x.jpeg"), ".jpeg", ".npz")
    refused(genmodels("sample", run, "--out", "runs"), "--out runs exists", ".png")
    refused(genmodels("sample", run, "--count", "0"), "--count 0", "1 or more")
    refused(genmodels("sample", run, "--label", "3"), "--label 3", "no labels")
    refused(genmodels("sample", run, "--weights", "ema"), "no EMA weights", "--weights last")
    refused(genmodels("interpolate", run, "--out", "x.mp4"), ".mp4", ".gif")
    refused(genmodels("interpolate", run, "--steps", "1"), "--steps 1")
    refused(genmodels("interpolate", run, "--from", "no.png"), "there is no file no.png")
    Path("7.png").write_bytes(b"no picture")
    refused(genmodels("interpolate", run, "--from", "7.png"), "7.png cannot be read: not a picture")
    refused(
        genmodels("interpolate", run, "--from", "no.png", "--rows", "2"),
        "--rows 2",
        "one interpolation",
    )
    refused(genmodels("interpolate", run, "--shift", "0:8,1,1"), "--shift", "--mode perturb")
    to = ["--mode", "perturb", "--to", "no.png"]
    refused(genmodels("interpolate", run, *to), "--to", "--mode perturb", "--from")
    shift = ["interpolate", run, "--mode", "perturb", "--shift"]
    for dims in ("90:99", "0:99", "4:", "3:3"):
        refused(genmodels(*shift, f"{dims},1,1"), f"--shift {dims}:", "0 to 3; give", "such as 0:4")
    refused(genmodels(*shift, "0:4,1e308,1e308"), "--shift: latents become infinite")
    settings = Path(run, "config.yaml")
    settings.write_text(settings.read_text().replace("dims: 0:8:2", "dims: 0:5"))
    own = genmodels("interpolate", run, "--mode", "perturb")
    refused(own, "perturb 0:5: the latent dimensions", "give a slice of them with --shift")
    refused(genmodels(*shift, f"0:{'9' * 5000},1,1"), "--shift '0:9999", "is not valid")
    refused(genmodels("sample", run, "--set", "steps"), "--set 'steps'", "write it as model.steps")
    refused(genmodels("sample", run, "--set", "train.ema=0.9"), "--set train.ema=0.9", "model.")
    (workplace / "file").write_text("")
    refused(genmodels("compare", run, "--out", "file/x"), "file/x", "another --out")


@pytest.mark.parametrize(("command", "name"), [("sample", "a.npz"), ("interpolate", "a.gif")])
def test_what_exists_is_not_replaced(
    command: str, name: str, genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae-1")
    for _ in range(2):  # a file of the run's own is made anew
        assert genmodels(command, run).code == 0
    Path(name).write_text("mine")
    refused(genmodels(command, run, "--out", name), f"--out {name} exists", "another --out")
    assert Path(name).read_text() == "mine"
    Path("folder.png").mkdir()
    refused(genmodels(command, run, "--out", "folder.png"), "--out folder.png exists")


@pytest.mark.parametrize("command", ["sample", "interpolate"])
def test_a_device_is_chosen(
    command: str, genmodels: CommandLine, workplace: Path, trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    run = trained(workplace / "runs" / "vae-1")
    chosen, choose = [], devices.choose

    def noted(name: str) -> devices.Device:
        chosen.append(name)
        return choose("cpu")

    monkeypatch.setattr(devices, "choose", noted)
    assert genmodels(command, run, "--device", "cuda:1").code == 0
    assert genmodels(command, run).code == 0
    assert chosen == ["cuda:1", "auto"]


def test_an_extra_that_is_not_installed(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    absent = lambda name, *more: None if name == "tensorboard" else find(name, *more)  # noqa: E731
    monkeypatch.setattr(importlib.util, "find_spec", absent)
    outcome = genmodels(*TRAIN, "--set", "train.tensorboard=true")
    refused(outcome, "TensorBoard is not installed", "pip install 'genmodels[tensorboard]'")
    assert tree(workplace) == set()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorBoard's own
def test_tensorboard(genmodels: CommandLine, workplace: Path) -> None:
    pytest.importorskip("tensorboard")
    given = [*TINY, "--steps", "2", "--set", "train.tensorboard=true", "--out", "mine"]
    assert genmodels("train", "--config", "gan.yaml", *given).code == 0
    (events,) = Path("mine/tensorboard").iterdir()
    content = events.read_bytes()
    assert b"train/discriminator/loss" in content
    assert b"test/real_accuracy" in content


def test_the_help_cuts_no_sentence_off(
    genmodels: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = genmodels("--help").out
    assert "..." not in shown.partition("Train and use:")[2]
    sections = re.split(r"^(\w[\w ]*):\n", shown, flags=re.MULTILINE)
    listed = dict(zip(sections[1::2], sections[2::2], strict=True))
    commands = {
        title: tuple(re.findall(r"^  (\w+)", listed[title], re.MULTILINE)) for title in Group
    }
    assert list(listed)[-3:] == list(Group)
    assert commands == {
        "Train and use": ("train", "sample", "interpolate"),
        "Compare": ("compare",),
        "Look around": ("datasets", "models", "runs", "config", "verify", "doctor"),
    }


# The contract.


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
@pytest.mark.drawn
def test_train_sample_interpolate_compare(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    vae = trained(workplace / "runs" / "vae-1")
    gan = trained(workplace / "runs" / "gan-1", "gan.yaml")
    assert genmodels("sample", "--count", "5", "--out", "s.npy").code == 0
    images = np.load("s.npy")
    assert (images.shape, images.dtype) == ((5, 1, 28, 28), np.uint8)
    assert genmodels("sample", "vae-1", "--count", "5", "--out", "five").code == 0
    assert [p.name for p in sorted(Path("five").iterdir())] == [f"{i}.png" for i in range(5)]
    assert genmodels("interpolate", vae, "--rows", "2", "--out", "frames.gif").code == 0
    with Image.open("frames.gif") as animation:
        assert animation.n_frames == 18  # type: ignore[attr-defined]  # ten there, eight back
    Image.fromarray(images[0, 0]).save("a.png")
    Image.fromarray(images[1, 0]).save("b.png")
    outcome = genmodels("interpolate", vae, "--from", "a.png", "--to", "b.png")
    assert (outcome.code, outcome.out.partition(" of ")[0]) == (0, "1 interpolation")
    outcome = genmodels("compare")
    assert outcome.code == 0
    assert all(
        f"\n{number}  " in outcome.out
        for number in ("FD on domain features", "precision", "coverage")
    )
    report = json.loads(Path("comparison/report.json").read_text())
    assert {model["name"] for model in report["models"]} == {"vae", "gan"}
    numbers = {
        model["name"]: {name: found["mean"] for name, found in model["numbers"].items()}
        for model in report["models"]
    }
    assert numbers["vae"]["logged_negative_elbo"] == log(vae)[-1]["test.negative_elbo"]
    assert "logged_negative_elbo" not in numbers["gan"]
    for model in numbers.values():
        assert model["parameters_sampling"] < model["parameters_training"]
    with Image.open("comparison/comparison.png") as picture:
        assert picture.width > 500
    assert gan.exists()


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
def test_compare_trains_configurations(genmodels: CommandLine, workplace: Path) -> None:
    small = ["data: {name: glyphs}", "train: {batch_size: 500, epochs: 1}"]
    for name, kind in (("one", "VAE"), ("two", "GAN")):
        model = f"model: {{class: {kind}, latent_dim: 8, network: {{class: MLP, hidden: [16]}}}}"
        shifts = "perturb: [{dims: '0:4', start: -1, step: 0.1}]"
        (workplace / f"{name}.yaml").write_text("\n".join([model, *small, shifts]))
    outcome = genmodels("compare", "one.yaml", "two.yaml", "--budget", "0.3s", "--out", "c")
    assert outcome.code == 0, outcome.err
    assert {path.name for path in Path("c/runs").iterdir()} == {"one-seed-0", "two-seed-0"}
    for run in Path("c/runs").iterdir():
        assert 0.3 <= log(run)[-1]["seconds"] < 3
    assert Path("c/report.json").is_file()


@pytest.mark.parametrize("preset", ["vae.yaml", "gan.yaml"])
def test_limits_are_totals(preset: str, genmodels: CommandLine, workplace: Path) -> None:
    words = ["train", "--config", preset, *TINY]
    assert genmodels(*words, "--epochs", "4", "--out", "whole").code == 0
    assert genmodels(*words, "--steps", "50", "--out", "parts").code == 0  # within an epoch
    resumed = genmodels(*words, "--epochs", "4", "--out", "parts", "--resume")
    assert resumed.code == 0
    assert "resuming parts at step 50" in resumed.err
    (a, name), (b, same) = tensors(Path("whole")), tensors(Path("parts"))
    assert name == same
    for key in a:
        np.testing.assert_array_equal(a[key], b[key], err_msg=key)
    for one, other in zip(log(Path("whole")), log(Path("parts")), strict=True):
        assert {**one, "seconds": 0} == pytest.approx({**other, "seconds": 0}, rel=1e-12)


def test_resuming(genmodels: CommandLine, workplace: Path, trained: Trained) -> None:
    run = trained(workplace / "runs" / "vae-1")
    words = ["train", "--config", "vae.yaml", *TINY]
    refused(genmodels(*words, "--epochs", "1", "--out", run), "is not empty", "--resume")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    finished = genmodels(*words, "--epochs", "1", "--out", run, "--resume")
    assert finished.code == 0
    said = f"{run} is already trained to step 21, and the limit is 1 epoch: nothing to do"
    assert said in finished.err
    assert {p: p.read_bytes() for p in before} == before
    other = genmodels(*words, "--epochs", "2", "--seed", "7", "--out", run, "--resume")
    assert other.code == 2
    assert "(seed: 0 there, 7 now); use the same settings" in other.err
    assert "only these may change: data.root, data.on_bad, data.placement, train.e" in other.err
    game = genmodels("train", "-c", "gan.yaml", *TINY, "--epochs", "2", "--out", run, "--resume")
    assert game.code == 2
    assert re.search(r"\(model.class: VAE there, GAN now; .*; and \d+ more\); use", game.err)
    assert game.err.count(" there, ") == 4
    alone = genmodels("train", "--out", run, "--resume", "--epochs", "2")
    assert alone.code == 0
    assert [record["epoch"] for record in log(run)] == [1, 2]


def test_other_data_are_refused_before_they_are_loaded(
    genmodels: CommandLine, workplace: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(workplace / "runs" / "vae-1")
    Path("few").mkdir()

    def load(*_: Any, **__: Any) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr("genmodels.data.load", load)
    other = genmodels("train", "--data", "few", "--out", run, "--resume", "--epochs", "2")
    there = f"(data.name: glyphs there, {workplace.resolve() / 'few'} now); use the same settings"
    assert (other.code, there in other.err) == (2, True), other


def test_a_run_of_other_settings_names_the_one_of_these(
    genmodels: CommandLine, workplace: Path
) -> None:
    words = ["train", "--config", "vae.yaml", *TINY, "--steps", "2"]
    assert genmodels(*words, "--out", "runs/these").code == 0
    assert genmodels(*words, "--seed", "7", "--out", "runs/others").code == 0
    resumed = genmodels(*words[:-1], "4", "--resume")
    assert resumed.code == 2
    assert "run runs/others was made with other settings" in resumed.err
    assert "continue the run that has these by --out runs/these" in resumed.err
    (workplace / "runs" / "these" / "config.yaml").write_text("sed: 1")  # of another version
    resumed = genmodels(*words[:-1], "4", "--resume")
    assert (resumed.code, "go on with the run" in resumed.err) == (2, False)


def test_resume_before_the_first_checkpoint(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    words = ["train", "--config", "vae.yaml", *TINY, "--steps", "3", "--resume", "--out"]
    fresh = genmodels(*words, "runs/new")
    assert fresh.code == 0
    assert "starting at step 0" in fresh.err
    run = trained(workplace / "runs" / "vae-1")
    next((run / "checkpoints").iterdir()).unlink()
    again = genmodels(*words[:-4], "--epochs", "1", "--resume", "--out", run)
    assert again.code == 0
    assert "starting at step 0" in again.err
    assert [record["epoch"] for record in log(run)] == [1]


def test_what_is_suggested_before_the_first_checkpoint_works(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "my vae")
    next((run / "checkpoints").iterdir()).unlink()
    with runs.Folder(run).lock():
        for command in ("sample", "interpolate", "compare"):
            said = "has no checkpoint; a process is training it: wait until it has saved one"
            refused(genmodels(command, run), said)
    _, suggested = genmodels("sample", run).err.split("train it with: genmodels ")
    assert genmodels(*shlex.split(suggested)).code == 0
    assert genmodels("sample", run).code == 0


def test_a_dry_run_prints_a_configuration(genmodels: CommandLine, workplace: Path) -> None:
    words = ["train", "--config", "vae.yaml", "--set", "train.optimizer.lr=1e-4", "--dry-run"]
    printed = genmodels(*words, "--budget", "90s")
    assert printed.code == 0
    assert tree(workplace) == set()
    Path("again.yaml").write_text(printed.out)
    assert genmodels("config", "again.yaml").out == printed.out
    assert "budget: 90.0" in printed.out
    assert "lr: 0.0001" in printed.out


def test_what_can_be_listed(genmodels: CommandLine, workplace: Path, trained: Trained) -> None:
    assert "glyphs" in genmodels("datasets").out
    listed = genmodels("models").out
    assert "report/gan.yaml" in listed
    assert "Auto-Encoding Variational Bayes" in listed
    assert "latent_dim: 20" in genmodels("models", "VAE").out
    assert "lower is better" in listed
    assert max(map(len, listed.splitlines())) <= 102
    assert re.search(r"^VAE +encodes, likelihood, labels *$", listed, re.MULTILINE)
    assert re.search(r"^ +vae-gmm\.yaml  [\d.]+ \(mnist, 90s\) *$", listed, re.MULTILINE)
    assert "latent_dim: 20" in genmodels("models", "vae").out
    described = genmodels("models", "GAN").out
    assert "    loss: non_saturating  # or minimax, least_squares, " in described
    assert "    penalties: {}  # or gradient, dragan, " in described
    assert "    augment: []  # or color, " in described
    assert re.search(r"    network: \{class: MLP, .*\}  # or Conv, ", described)
    for name in ("wgan-gp.yaml", "WGAN-GP"):
        preset = genmodels("models", name).out
        assert preset.startswith("wgan-gp.yaml  ")
        assert ": a preset of GAN\n" in preset
        assert "# WGAN-GP: Gulrajani et al. (2017)" in preset
        assert "penalties: {gradient: 10.0}" in preset
    refused(genmodels("models", "VEA"), "did you mean 'VAE'", "Flow", "genmodels models lists")
    assert "no runs under runs/" in genmodels("runs").out
    trained(workplace / "runs" / "vae-1")
    assert re.search(r"runs/vae-1\s+vae\s+glyphs\s+1\s", genmodels("runs").out)
    step = log(Path("runs/vae-1"))[-1]["step"]
    Path("runs/vae-1/log.jsonl").unlink()  # as of a run that was stopped in its first epoch
    assert re.search(rf"vae\s+glyphs\s+—\s+{step}\s", genmodels("runs").out)


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_says_how_to_go_on(
    number: Any, code: int, workplace: Path, genmodels: CommandLine
) -> None:
    words = [sys.executable, "-m", "genmodels", "train", "--config", "vae.yaml", *TINY]
    long = ("--budget", "10m", "--set", "train.execution=eager")  # compiling takes seconds
    given = [*words, *long, "--out", "mine"]
    with subprocess.Popen(given, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 60
        while not Path("mine/log.jsonl").exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(30) == code
        assert process.stderr
        last = process.stderr.read().splitlines()[-1]
    assert "genmodels train --out mine --resume" in last
    step = int(re.findall(r"step ([\d,]+)", last)[0].replace(",", ""))
    assert tensors(Path("mine"))[1] == f"step-{step:09d}.safetensors"
    resumed = genmodels("train", "--out", "mine", "--resume", "--steps", step + 2)
    assert resumed.code == 0
    assert log(Path("mine"))[-1]["step"] == step + 2


def test_what_is_given_is_in_the_name_of_the_file(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae-1")
    Image.new("L", (28, 28), 80).save("a b.png")
    verbs_and_names = {
        ("sample",): "seed-0.png",
        ("sample", "--seed", "3", "--count", "4", "--weights", "last"): (
            "seed-3-count-4-weights-last.png"
        ),
        ("interpolate",): "slerp.png",
        ("interpolate", "--seed", "1", "--rows", "2", "--steps", "3"): (
            "slerp-frames-3-rows-2-seed-1.png"
        ),
        ("interpolate", "--mode", "lerp", "--from", "a b.png", "--to", "a b.png"): (
            "lerp-from-a_b-to-a_b.png"
        ),
        ("interpolate", "--mode", "perturb", "--shift", "0:4,1,-1"): "perturb-shift-0_4,1,-1.png",
    }
    before = set((run / "samples").iterdir())
    for words in verbs_and_names:
        assert genmodels(words[0], run, *words[1:]).code == 0
    made = {path.name for path in set((run / "samples").iterdir()) - before}
    assert made == set(verbs_and_names.values())
    assert pictures.file_name("seed-0", {"steps": 3, "label": "../a"}) == (
        "seed-0-steps-3-label-.._a.png"
    )


def test_samples_do_not_depend_on_how_many_are_drawn(workplace: Path, trained: Trained) -> None:
    run = api.load(trained(workplace / "runs" / "gan-1", "gan.yaml"))
    api.sample_to(run, "many.npz", count=1100, seed=3)
    many = np.load("many.npz")["images"]
    assert many.shape == (1100, 1, 28, 28)
    few = pictures.to_uint8(run.sample(600, seed=3)).numpy()
    np.testing.assert_allclose(many[:600].astype(int), few, atol=1, rtol=0)  # rounding alone


def test_the_former_words_for_the_ema_work_with_one_note(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae-1", "vae.yaml", "--set", "train.average=0.9")
    noted = genmodels("sample", run, "--weights", "average", "--out", "former.npz")
    assert noted.code == 0, noted
    assert "--weights average is called --weights ema now; write that instead" in noted.err
    assert genmodels("sample", run, "--weights", "ema", "--out", "ema.npz").code == 0
    assert genmodels("sample", run, "--weights", "last", "--out", "last.npz").code == 0
    former, ema, last = (np.load(f"{n}.npz")["images"] for n in ("former", "ema", "last"))
    assert np.array_equal(former, ema)
    assert not np.array_equal(ema, last)


def test_a_run_with_a_former_key_is_resumed_with_one_note(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "vae-1", "vae.yaml", "--set", "train.ema=0.9")
    path = run / "config.yaml"
    path.write_text(path.read_text().replace("  ema: 0.9", "  average: 0.9"))
    resumed = genmodels("train", "--out", run, "--resume", "--steps", "5")
    assert resumed.code == 0, resumed
    note = "config.yaml: train.average is called train.ema now; write train.ema instead"
    assert resumed.err.count(note) == 1
