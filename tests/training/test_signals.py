"""Real signals to real processes: what was done is kept, and how to go on is said."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import CommandLine
from genmodels import cli, runs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's"),
]

GIVEN = (
    "train", "--config", "vae.yaml", "--data", "glyphs", "--device", "cpu", "--epochs", "2",
    "--set", "train.batch_size=500", "--set", "model.network.hidden=[16]",
    "--set", "model.latent_dim=4",
)  # fmt: skip
HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none
# A process that sends itself a signal where it is told to, once; it hears SIGINT even where the
# tests run in the background of a shell, whose processes ignore it, and SIGHUP under nohup.
PROGRAM = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from genmodels import cli
from genmodels.system import files
from genmodels.data import decoding
from genmodels.models import VAE
from genmodels.training.step import Step

owner, name, times, number = {place!r}, {name!r}, {times}, {number}
owner = {{"Step": Step, "files": files, "VAE": VAE, "decoding": decoding}}[owner]
function = getattr(owner, name)
calls = 0

def watched(*arguments, **options):
    global calls
    calls += 1
    if calls == times:
        os.kill(os.getpid(), number)
    return function(*arguments, **options)

setattr(owner, name, watched)
cli.main({given!r})
"""
PLACES = {
    "a step": ("Step", "__call__", 9),
    "the last step of an epoch": ("Step", "__call__", 21),
    "a save": ("files", "_sync_folder", 4),
    "an evaluation": ("VAE", "validation_metrics", 2),
}


def run(place: tuple[str, str, int], number: int, given: Any) -> tuple[Any, ...]:
    owner, name, times = place
    program = PROGRAM.format(place=owner, name=name, times=times, number=number, given=list(given))
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=100
    )
    return done, time.monotonic() - began


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    cli.main([*GIVEN, "--out", str(out)])
    return runs.Folder(out)


@pytest.mark.parametrize(
    ("place", "number", "code"),
    [
        ("a step", signal.SIGINT, 130),
        ("a step", HANG_UP, 129),
        *((place, signal.SIGTERM, 143) for place in PLACES),
    ],
)
def test_a_signal_saves_and_the_run_goes_on_as_if_nothing_was(
    place: Any,
    number: Any,
    code: Any,
    tmp_path: Path,
    undisturbed: Any,
    genmodels: CommandLine,
) -> None:
    out = tmp_path / "run"
    saves = ["--set", "train.save_every=0.01"] if place == "a save" else []
    done, _ = run(PLACES[place], number, [*GIVEN, *saves, "--out", str(out)])
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert f"genmodels train --out {out} --resume" in last
    folder = runs.Folder(out)
    step = int(re.findall(r"step ([\d,]+)", last)[0].replace(",", ""))
    assert folder.latest().header["progress"]["step"] == step
    assert not [path for path in folder.checkpoints.iterdir() if path.suffix == ".part"]
    assert genmodels("train", "--out", out, "--resume").code == 0
    wanted, found = undisturbed.latest(), folder.latest()
    assert wanted.tensors.keys() == found.tensors.keys()
    for name, tensor in wanted.tensors.items():
        assert torch.equal(tensor, found.tensors[name]), name
    for a, b in zip(undisturbed.log(), folder.log(), strict=True):
        assert {**a, "seconds": 0} == {**b, "seconds": 0}


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (HANG_UP, 129)]
)
def test_a_signal_while_a_folder_is_decoded(
    number: Any, code: int, tmp_path: Path, own_cache: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for index in range(40):
        picture = Image.fromarray(generator.integers(0, 256, (9, 9), np.uint8))
        picture.save(folder / f"{index}.png")
    given = ["train", "--config", "vae.yaml", "--data", str(folder), "--out", str(tmp_path / "run")]
    done, _ = run(("decoding", "decode", 20), number, given)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_second_signal_ends_at_once(tmp_path: Path) -> None:
    long = ("--budget", "100s", "--set", "train.execution=eager")  # compiling takes seconds
    given = [sys.executable, "-m", "genmodels", *GIVEN[:7], *long]
    with subprocess.Popen(
        [*given, "--out", tmp_path / "run"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if line.startswith("training"):
                break
        process.send_signal(signal.SIGSTOP)
        for _ in range(2):  # both wait until it goes on
            os.kill(process.pid, signal.SIGINT)
            os.kill(process.pid, signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        assert process.wait(20) in (-signal.SIGINT, -signal.SIGTERM)
