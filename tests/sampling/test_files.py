"""Samples that are written for a while: progress, signals, and places that cannot be written."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import Tensor

from conftest import CommandLine, Trained
from genmodels import runs
from genmodels.api import formats
from genmodels.system import files


def test_progress_is_shown_after_a_while(
    workplace: Path, trained: Trained, genmodels: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(Path("runs/a"))
    words = ["sample", run, "--count", 1000, "--out"]
    assert genmodels(*words, "quick.npy").err == ""
    monkeypatch.setattr(sys.modules["genmodels.api.sampling"], "PATIENCE", 0.0)
    lines = genmodels(*words, "slow.npy").err.splitlines()
    assert lines[0].startswith("generating images  50 %  500 of 1,000")
    assert lines[-1].startswith("generating images 100 %  1,000 of 1,000  0s left")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other signals")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_leaves_no_partial_file(
    name: str,
    code: int,
    workplace: Path,
    trained: Trained,
    genmodels: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, handler = trained(Path("runs/a")), signal.getsignal(signal.SIGTERM)
    write = formats.save_images

    def interrupted(blocks: Iterator[Tensor], count: int, path: Path, columns: int | None) -> None:
        def some() -> Iterator[Tensor]:
            yield next(blocks)
            assert list(Path().glob(".big.*"))
            os.kill(os.getpid(), getattr(signal, name))
            yield next(blocks)

        write(some(), count, path, columns)

    monkeypatch.setattr(formats, "save_images", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        stopped = genmodels("sample", run, "--count", 1000, "--out", "big.npy")
    finally:
        signal.signal(signal.SIGINT, before)
    assert stopped.code == code
    assert stopped.err == "genmodels: interrupted\n"
    assert [path.name for path in Path().iterdir()] == ["runs"]
    assert signal.getsignal(signal.SIGTERM) == handler


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_places_are_checked_before_the_work(
    workplace: Path, trained: Trained, genmodels: CommandLine
) -> None:
    run = trained(Path("runs/a"))
    Path("file").write_text("")
    for command, out, said in (
        ("sample", "file/x.png", "--out file/x.png cannot be written, file is a file; choose"),
        ("interpolate", "/proc/x.png", "cannot be written, /proc is not writable; choose"),
        ("compare", "/proc/x", "--out /proc/x cannot be made, /proc is not writable; choose"),
    ):
        refused = genmodels(command, run, "--out", out)
        assert refused.code == 2
        assert len(refused.err.splitlines()) == 1
        assert said in refused.err
        assert "free space" not in refused.err


def test_what_is_full_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**options: object) -> None:
        raise OSError(files.FULL[0], "No space left on device")

    assert files.obstacle(tmp_path / "new" / "folder") == ""
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert files.obstacle(tmp_path) == ""


def test_the_folder_of_a_study_names_its_runs(
    workplace: Path, trained: Trained, genmodels: CommandLine
) -> None:
    trained(Path("study/runs/vae-seed-0"))
    for command in ("compare", "sample"):
        assert "its runs are study/runs/*" in genmodels(command, "study").err
    assert runs.listed() == []
