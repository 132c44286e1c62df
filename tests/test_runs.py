"""Run folders: names, order, locks, logs."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from genmodels import config, runs
from genmodels.errors import InputError

SETTINGS = config.read("vae.yaml")


def make(path, started="2024-01-01", name="vae"):
    folder = runs.Folder(path)
    folder.create(SETTINGS, {"config": name, "started": started})
    return folder


def test_a_folder_reads_as_it_was_made(workplace):
    folder = make(workplace / "runs" / "a")
    again = runs.open_run("a")
    assert again.settings == SETTINGS
    assert again.config_name == "vae"
    assert again.path.samefile(folder.path)


def test_runs_are_listed_newest_first(workplace):
    make(workplace / "runs" / "b", "2024-01-02")
    make(workplace / "runs" / "a", "2024-01-03")
    make(workplace / "runs" / "deep" / "c", "2024-01-01")
    assert [folder.path.name for folder in runs.listed()] == ["a", "b", "c"]
    assert runs.latest().path.name == "a"


def test_steps_are_sorted_as_numbers(workplace):
    folder = make(workplace / "runs" / "a")
    for step in (9, 10_000_000_000, 100, 99):
        (folder.checkpoints / runs.step_name(step)).write_text("")
    (folder.checkpoints / "notes.txt").write_text("")
    names = [runs.step_name(step) for step in (9, 99, 100, 10_000_000_000)]
    assert [path.name for path in folder.checkpoint_paths()] == names
    folder.keep_last(2)
    assert [path.name for path in folder.checkpoint_paths()] == names[2:]
    folder.keep_last(1)
    assert [path.name for path in folder.checkpoint_paths()] == names[3:]


def test_new_paths_never_collide(workplace):
    now = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    first = runs.new_path("report/vae", now)
    assert first.as_posix() == "runs/report-vae-20240506-070809"
    make(first)
    assert runs.new_path("report/vae", now).name == "report-vae-20240506-070809-2"


def test_a_torn_last_line_of_the_log_is_left_out(workplace):
    folder = make(workplace / "runs" / "a")
    folder.append({"step": 1})
    with folder.log_path.open("a") as file:
        file.write('{"step": 2, "lo')
    assert folder.log() == [{"step": 1}]


def test_rewinding_keeps_whole_epochs_up_to_the_step(workplace):
    folder = make(workplace / "runs" / "a")
    for step in (5, 10, 12, 15, 20):  # 12: a run that ended within an epoch
        folder.append({"step": step})
    folder.rewind_log(17, 5)
    lines = folder.log_path.read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [5, 10, 15]


HOLD = """
import sys, pathlib
from genmodels import runs
with runs.Folder(pathlib.Path("a")).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_never_write_into_one_folder(workplace):
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout.readline() == "held\n"
        again = runs.Folder(Path("a")).lock()
        with pytest.raises(InputError, match="another process is training in a"), again:
            pass
        other.kill()
    with runs.Folder(workplace / "a").lock():  # a dead holder does not block
        pass


def test_no_run(workplace):
    with pytest.raises(InputError, match="no run at 'x'; train one"):
        runs.open_run("x")
    make(workplace / "runs" / "mine")
    with pytest.raises(InputError, match="the newest runs are mine"):
        runs.open_run("x")
