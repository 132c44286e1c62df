"""Run folders: names, order, locks, logs."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from conftest import TINY, CommandLine, Trained
from genmodels import config, runs
from genmodels.errors import InputError, Note
from genmodels.runs import checkpoint, disk_space
from genmodels.runs.manifest import DataRecord

SETTINGS = config.read("vae.yaml")


def make(path: Path, started: str = "2024-01-01", name: str = "vae") -> Any:
    folder = runs.Folder(path)
    data: DataRecord = {"name": "glyphs", "fingerprint": "0"}
    folder.create(SETTINGS, {"config": name, "started": started, "data": data})
    return folder


def test_a_folder_reads_as_it_was_made(workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    again = runs.open_run("a")
    assert again.settings == SETTINGS
    assert again.config_name == "vae"
    assert again.path.samefile(folder.path)


def test_runs_are_listed_newest_first(workplace: Path) -> None:
    make(workplace / "runs" / "b", "2024-01-02")
    make(workplace / "runs" / "a", "2024-01-03")
    make(workplace / "runs" / "deep" / "c", "2024-01-01")
    assert [folder.path.name for folder in runs.listed()] == ["a", "b", "c"]
    assert runs.latest().path.name == "a"


def test_the_latest_run_that_is_trained_is_taken(workplace: Path) -> None:
    older = make(workplace / "runs" / "older", "2024-01-01")
    newer = make(workplace / "runs" / "newer", "2024-01-02")
    (older.checkpoints / runs.step_name(7)).touch()
    for _ in range(2):  # without a checkpoint, and with one of step 0
        with pytest.warns(Note, match=r"latest run runs/newer is not trained, so runs/older is"):
            assert runs.latest().path.name == "older"
        (newer.checkpoints / runs.step_name(0)).touch()
    (newer.checkpoints / runs.step_name(1)).touch()
    assert runs.latest().path.name == "newer"


HEADER: dict[str, Any] = {
    "run": "vae",
    "started": "2024-01-01",
    "config": SETTINGS.plain(),
    "image_shape": [1, 28, 28],
    "class_shares": [0.1] * 10,
    "fingerprint": "0",
    "progress": {"step": 9, "images": 576, "seconds": 1.0, "sums": {}, "counts": {}},
}


def save(folder: runs.Folder, step: Any, started: str = "2024-01-01") -> None:
    header = {**HEADER, "started": started, "progress": {**HEADER["progress"], "step": step}}
    checkpoint.save(folder.checkpoints / runs.step_name(step), {"a": torch.zeros(1)}, header)


def steps(folder: runs.Folder) -> list[Any]:
    return [int(path.stem.removeprefix("step-")) for path in folder.checkpoint_paths()]


def test_steps_are_sorted_as_numbers(workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    for step in (9, 10_000_000_000, 100, 99):
        save(folder, step)
    assert steps(folder) == [9, 99, 100, 10_000_000_000]
    assert folder.latest().header["progress"]["step"] == 10_000_000_000
    folder.keep_last(2)
    assert steps(folder) == [100, 10_000_000_000]


def test_what_others_have_written_is_kept(workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    for step in range(1, 7):
        save(folder, step, "2024-01-01" if step != 2 else "2023-03-03")
    foreign = ["notes.txt", "step-1.safetensors", "step-00000000٣.safetensors", ".hidden.part"]
    for name in foreign:
        (folder.checkpoints / name).write_text("")
    (folder.checkpoints / runs.step_name(7)).write_text("no checkpoint")
    (folder.checkpoints / runs.step_name(8)).mkdir()
    began = folder.checkpoints / f".{runs.step_name(9)}.4711.part"
    began.write_text("half of")
    folder.keep_last(4, spare=folder.checkpoints / runs.step_name(1))
    assert steps(folder) == [1, 2, 5, 6, 7, 8]  # 3 and 4 are the run's own, and old
    folder.sweep()
    assert not began.exists()
    assert all((folder.checkpoints / name).exists() for name in foreign)


def test_a_damaged_checkpoint_offers_the_one_before(workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    for step in (1, 2, 3):
        save(folder, step)
    for step in (2, 3):
        path = folder.checkpoints / runs.step_name(step)
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(
        InputError,
        match=r"000000003.*delete it to continue from step-000000001.safetensors, which can be",
    ):
        folder.latest()
    (folder.checkpoints / runs.step_name(1)).unlink()
    with pytest.raises(InputError, match=r"000000003.*incomplete"):
        folder.latest()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"progress": {}}, "progress.step: is missing"),
        ({"image_shape": [1, 28]}, "image_shape: is [1, 28]; give a list of 3 or more"),
        ({"image_shape": [1, 28, -1]}, "image_shape.2: is -1; give 1 or more"),
        ({"image_shape": [1, 28, 2**31]}, "image_shape.2: is 2147483648; give 2147483647 or less"),
        ({"class_shares": "10"}, "class_shares: is '10'; give a list"),
        ({"run": "../../etc"}, "; is no name"),
        ({"run": "/etc/passwd"}, "; is no name"),
        ({"run": "a\x1b[2J"}, "; is no name"),
        ({"config": {"model": {"class": "os.system"}}}, "os.system: there is no os.py in"),
        ({"config": []}, "config: is []; give keys with values"),
    ],
)
def test_a_strangers_header_is_checked(change: Any, said: str, workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    path = folder.checkpoints / runs.step_name(9)
    checkpoint.save(path, {"a": torch.zeros(1)}, {**HEADER, **change})
    with pytest.raises(InputError, match=re.escape(said)):
        folder.latest()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"config": {**SETTINGS.plain(), "seed": 1}}, "seed: 1 there, 0 now"),
        ({"run": "gan"}, "configuration: gan there, vae now"),
        ({"started": "2023-03-03"}, "started: 2023-03-03 there, 2024-01-01 now"),
        ({"fingerprint": "1"}, "fingerprint: 1 there, 0 now"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(change: Any, said: str, workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    path = folder.checkpoints / runs.step_name(9)
    limit = {"epochs": None, "steps": 9, "keep": 1}  # may differ, because the run was resumed
    resumed = {**SETTINGS.plain(), "train": {**SETTINGS.train.model_dump(mode="json"), **limit}}
    early = {key: value for key, value in HEADER.items() if key != "started"}  # format 1
    checkpoint.save(path, {"a": torch.zeros(1)}, {**early, "config": resumed})
    assert folder.latest().header["progress"]["step"] == 9
    checkpoint.save(path, {"a": torch.zeros(1)}, {**HEADER, **change})
    for read in (folder.latest, lambda: folder.read(path)):
        with pytest.raises(InputError, match=re.escape(f"not the run that saved {path} ({said})")):
            read()


@pytest.mark.parametrize("name", ["log.jsonl", "samples", "checkpoints/step-000000001.safetensors"])
def test_links_out_of_a_run_are_refused(name: str, workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    outside = workplace / "outside"
    outside.mkdir()
    path = folder.path / name
    if path.is_dir():
        path.rmdir()
    path.symlink_to(outside)
    with pytest.raises(InputError, match="link that leads out of the run"):
        runs.open_run("a")
    with pytest.raises(InputError, match="link that leads out of the run"):
        runs.latest()
    with pytest.raises(InputError, match="link that leads out of the run"):
        runs.listed()[0].latest()
    path.unlink()
    path.symlink_to(folder.config_path)
    assert runs.open_run("a").path.samefile(folder.path)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"config": 1}', "[" * 100_000, "\udcff"])
def test_a_damaged_run_does_not_hide_the_others(content: Any, workplace: Path) -> None:
    make(workplace / "runs" / "a")
    broken = make(workplace / "runs" / "b")
    broken.environment_path.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert [folder.path.name for folder in runs.listed()] == ["a"]
    (said,) = runs.damaged()
    assert said.startswith("runs/b/environment.json")


@pytest.mark.parametrize("lost", ["config.yaml", "environment.json"])
def test_a_run_that_has_lost_a_file_is_named(lost: str, workplace: Path) -> None:
    make(workplace / "runs" / "a")
    broken = make(workplace / "runs" / "b")
    broken.append({"step": 1})
    (broken.path / lost).unlink()
    assert [folder.path.name for folder in runs.listed("runs")] == ["a"]
    (said,) = runs.damaged("runs")
    assert said == (
        f"runs/b has files of a training and no {lost}; restore that file from a copy, or take "
        "another run"
    )


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        "[1]",
        '{"epoch": 1}',
        '{"step": "1"}',
        '{"step": 1, "loss": "low"}',
        '{"step": 1, "copies.samples": 0, "copies.found": 0}',
        '{"step": 1, "copies.samples": 0, "images": 9}',
    ],
)
def test_a_damaged_log_is_told(line: str, workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    folder.append({"step": 1})
    with folder.log_path.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(InputError, match=r"log.jsonl cannot be read"):
        folder.log()


def test_a_run_that_will_not_fit_is_told_before(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(workplace / "runs" / "a")
    with pytest.raises(InputError, match=r"will need 909,494.7 TiB and its disk has"):
        disk_space.check(folder.path, 1, 10**18)

    def refuse(*_: Any) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    disk_space.check(folder.path, 2**20, 2**20)
    monkeypatch.setattr(os, "posix_fallocate", refuse, raising=False)
    with pytest.raises(InputError, match=r"of 1\.0 MiB does not fit in .*Disk quota exceeded"):
        disk_space.check(folder.path, 2**20, 2**20)
    assert not list(folder.path.glob(".room*"))


def test_new_paths_never_collide(workplace: Path) -> None:
    now = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    first = runs.new_path("report/vae", now)
    assert first.as_posix() == "runs/report-vae-20240506-070809"
    assert first.is_dir()
    assert runs.new_path("report/vae", now).name == "report-vae-20240506-070809-2"


def test_a_torn_last_line_of_the_log_is_left_out(workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    folder.append({"step": 1})
    with folder.log_path.open("a") as file:
        file.write('{"step": 2, "lo')
    assert folder.log() == [{"step": 1}]


def test_rewinding_keeps_whole_epochs_up_to_the_step(workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    for step in (5, 10, 12, 15, 20):  # 12: a run that ended within an epoch
        folder.append({"step": step})
    folder.rewind_log(18, 15, 5)
    lines = folder.log_path.read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [5, 10, 15]


def test_rewinding_keeps_copies_up_to_the_checkpoint(workplace: Path) -> None:
    folder = make(workplace / "runs" / "a")
    for step in (10, 12, 18, 19):  # of which 10 alone ends an epoch
        folder.append({"step": step, "images": 8 * step, "copies.samples": 0.5, "copies.found": 0})
    folder.append({"step": 20})
    folder.rewind_log(18, 15, 5)
    assert [record["step"] for record in folder.copies()] == [10, 12, 18]
    assert folder.log() == []


HOLD = """
import sys, pathlib
from genmodels import runs
with runs.Folder(pathlib.Path("a")).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_two_processes_never_write_into_one_folder(workplace: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        again = runs.Folder(Path("a")).lock()
        with pytest.raises(InputError, match="another process is training in a"), again:
            pass
        other.kill()
    with runs.Folder(workplace / "a").lock():  # a dead holder does not block
        pass


@pytest.mark.slow
def test_of_two_trainings_in_one_folder_one_wins(workplace: Path) -> None:
    given = [
        sys.executable, "-m", "genmodels", "train", "--config", "vae.yaml", "--data", "glyphs",
        "--device", "cpu", "--steps", "3", "--set", "model.network.hidden=[8]", "--out", "same",
    ]  # fmt: skip
    both = [subprocess.Popen(given, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=100)[1] for process in both]
    assert sorted(process.returncode for process in both) == [0, 2], said
    (lost,) = (text for text, process in zip(said, both, strict=True) if process.returncode)
    assert re.search(r"another process is training in same|folder same is not empty", lost)
    assert runs.open_run("same").latest().header["progress"]["step"] == 3


def test_a_lock_that_is_a_folder_is_told(workplace: Path) -> None:
    (workplace / "a" / runs.LOCK).mkdir(parents=True)
    lock = runs.Folder(Path("a")).lock()
    with pytest.raises(InputError, match=r"a/\.lock: .*; choose another `out`"), lock:
        pass


@pytest.mark.parametrize("name", ["checkpoints", "samples", "figures"])
def test_a_run_is_resumed_without_one_of_its_folders(
    name: str, genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    run = trained(workplace / "runs" / "a")
    shutil.rmtree(run / name)
    words = ["train", "-c", "vae.yaml", *TINY, "--epochs", "2", "--out", "runs/a", "--resume"]
    assert genmodels(*words).code == 0
    assert list((run / name).iterdir())


def test_no_run(workplace: Path) -> None:
    with pytest.raises(InputError, match="no run at 'x'; train one"):
        runs.open_run("x")
    make(workplace / "runs" / "mine")
    with pytest.raises(InputError, match=r"the newest under runs/: runs.mine"):
        runs.open_run("x")
    with pytest.raises(InputError, match="folder 'runs' holds no run; the newest"):
        runs.open_run("runs")
    for name in ("config.yaml", "environment.json"):
        whole = make(workplace / "lost").path
        (whole / name).unlink()
        with pytest.raises(InputError, match=f"'lost' holds no complete run, {name} is missing;"):
            runs.open_run("lost")
        shutil.rmtree(whole)


def test_epochs_of_a_step_have_no_grid_each(genmodels: CommandLine, workplace: Path) -> None:
    pixels = torch.randint(0, 256, (60, 8, 8), dtype=torch.uint8)
    Path("pictures").mkdir()
    for number, picture in enumerate(pixels.numpy()):
        Image.fromarray(picture).save(f"pictures/{number}.png")
    words = ["--data", "pictures", "--set", "train.batch_size=30", "--epochs", "103"]
    assert genmodels("train", "--config", "vae.yaml", *TINY, *words, "--out", "r").code == 0
    assert json.loads(Path("r/log.jsonl").read_text().splitlines()[0])["step"] == 1
    shown = [int(path.stem.removeprefix("epoch-")) for path in Path("r/samples").iterdir()]
    assert sorted(shown) == [*range(1, 11), 50, 100, 103]
