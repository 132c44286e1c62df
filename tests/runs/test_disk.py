"""Disks that are full: a real small file system, filled while something is written."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
from PIL import Image

from conftest import CommandLine, Trained
from genmodels import data, runs
from genmodels.data import tables
from genmodels.errors import InputError

MIB = 2**20
CAPACITY = 6 * MIB
RUN = (
    sys.executable, "-m", "genmodels", "train", "--config", "vae.yaml", "--data", "glyphs",
    "--device", "cpu", "--set", "train.batch_size=500", "--set", "model.network.hidden=[32]",
    "--set", "model.latent_dim=4", "--set", "train.save_every=0.2", "--set", "train.ema=null",
    "--set", "train.execution=eager",  # a minute's training is compiled, which takes ten seconds
)  # fmt: skip


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Any]:
    """A file system of its own, of six MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={CAPACITY}", "tmpfs", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a file system can be mounted by root alone: {error}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    """Take what is free but so many bytes."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        with suppress(OSError):  # a run that saves meanwhile leaves less
            file.write(b"\0" * max(0, free - leave))
    return ballast


def wait_for(found: Any, process: subprocess.Popen[str]) -> None:
    for _ in range(600):
        if found():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError("waited in vain")


@pytest.mark.slow
def test_training_outlives_a_full_disk_for_a_while(disk: Path) -> None:
    run = runs.Folder(disk / "run")
    given = [*RUN, "--budget", "60s", "--out", str(run.path)]
    with subprocess.Popen(given, stderr=subprocess.PIPE, text=True) as process:
        wait_for(run.checkpoint_paths, process)
        ballast = fill(disk)
        lines = []
        assert process.stderr
        for line in process.stderr:
            lines.append(line)
            if "training goes on and tries again, 3 more times" in line:
                break
        ballast.unlink()
        newest = run.checkpoint_paths()[-1]
        wait_for(lambda: run.checkpoint_paths()[-1] != newest, process)  # it could save again
        fill(disk)
        lines += process.stderr.readlines()
        assert process.wait() == 2
    assert lines[-1].startswith("genmodels: ")
    assert "No space left on device; free space" in lines[-1]
    assert "tries again, 4 more times" in "".join(lines)
    for path in run.checkpoint_paths():
        run.read(path)
    assert not [path for path in run.checkpoints.iterdir() if path.name.startswith(".")]
    (disk / "ballast").unlink()
    step = run.latest().header["progress"]["step"]
    more = [*RUN, "--steps", str(step + 1), "--out", str(run.path), "--resume"]
    assert subprocess.run(more, capture_output=True, check=False).returncode == 0
    assert run.latest().header["progress"]["step"] == step + 1


def test_a_full_disk_is_told_before_training(disk: Path, genmodels: CommandLine) -> None:
    fill(disk, leave=MIB // 2)
    outcome = genmodels(*RUN[3:], "--steps", "2", "--out", disk / "run")
    assert outcome.code == 2
    assert "iB free; free space, choose another --out" in outcome.err
    assert "training" not in outcome.err


@pytest.mark.parametrize("name", ["x.npz", "x.npy", "x.png", "x"])
def test_samples_on_a_full_disk(
    name: str, disk: Path, genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "a")
    ballast = fill(disk, leave=8192)
    outcome = genmodels("sample", run, "--count", "1000", "--out", disk / name)
    assert outcome.code == 2, outcome
    assert "No space left on device; free space" in outcome.err
    left = [path.name for path in disk.rglob("*") if path != ballast and path.is_file()]
    assert all(part.endswith(".png") and not part.startswith(".") for part in left), left
    assert name == "x" or not left


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
@pytest.mark.drawn
def test_a_report_on_a_full_disk(
    disk: Path, genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "a")
    fill(disk, leave=65536)
    outcome = genmodels("compare", run, "--count", "200", "--features", "random", "--out", disk)
    assert outcome.code == 2
    assert "No space left on device; free space" in outcome.err
    assert not (disk / "report.html").exists()


def test_decoding_to_a_full_disk(
    disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(60):
        Image.fromarray(generator.integers(0, 256, (64, 64, 3), np.uint8)).save(
            folder / f"{number}.png"
        )
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *names, **options: disk / "cache")
    ballast = fill(disk, leave=MIB // 4)
    said = r"720.1 KiB in .*, whose disk has 2\d\d.0 KiB free; free space, .*XDG_CACHE_HOME"
    with pytest.raises(InputError, match=said):
        data.load(str(folder))
    with pytest.MonkeyPatch.context() as patch:  # a disk that fills up meanwhile
        patch.setattr(tables, "_check_space", lambda *arguments: None)
        with pytest.raises(InputError, match=r"No space left on device.*XDG_CACHE_HOME"):
            data.load(str(folder))
    assert not [path for path in disk.rglob("*.*") if path.suffix in (".npy", ".part")]
    ballast.unlink()
    assert len(data.load(str(folder)).table) == 60
