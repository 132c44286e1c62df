"""Tables are made once, whatever happens meanwhile."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
import torch
from filelock import FileLock
from PIL import Image

from genmodels import data
from genmodels.data import decoding, tables, workers
from genmodels.errors import InputError, Note
from genmodels.system import device

KILLED = """
import os, signal
from genmodels import data
from genmodels.data import tables, workers

workers.CHUNK, tables.SYNCED = 324, 4  # of two pictures; brought to the disk every eight

def progress(what, done, total):
    if done == 30:
        os.kill(os.getpid(), signal.SIGKILL)

data.load({folder!r}, progress=progress)
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


@pytest.fixture
def cache(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One cache for this process and those it starts."""
    shared = own_cache / "genmodels"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *names, **options: shared)
    return shared


def fill(folder: Path, count: int, colour: bool) -> None:
    folder.mkdir(exist_ok=True)
    generator = np.random.default_rng(0)
    for number in range(count):
        shape = (6, 9, 3) if colour else (6, 9)
        pixels = generator.integers(0, 256, shape, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")


@pytest.mark.parametrize("colour", [False, True])
def test_decoding_goes_on_where_it_was_killed(
    tmp_path: Path, cache: Path, colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    fill(folder, 40, colour)
    ended = subprocess.run([sys.executable, "-c", KILLED.format(folder=str(folder))], check=False)
    assert ended.returncode == -signal.SIGKILL
    (part,) = cache.rglob("*.part")
    monkeypatch.setattr(workers, "CHUNK", 324)
    monkeypatch.setattr(tables, "SYNCED", 4)
    seen = []
    table = data.load(str(folder), progress=lambda what, done, total: seen.append(done)).table
    assert seen == [26, 28, 30, 32, 34, 36, 38, 40]  # a multiple of 8 was on the disk
    assert not part.exists()
    for number, row in enumerate(table):
        pixels = np.asarray(Image.open(folder / f"{number:03d}.png")).reshape(6, 9, -1)
        assert torch.equal(row, torch.from_numpy(pixels.transpose(2, 0, 1).copy()))


def test_a_broken_picture_leaves_nothing_to_go_on_from(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "CHUNK", 324)
    monkeypatch.setattr(tables, "SYNCED", 1)
    folder = tmp_path / "pictures"
    fill(folder, 20, True)
    (folder / "009.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match="1 of 20 pictures"):
        data.load(str(folder))
    assert list(cache.rglob("*.part")) == []


@pytest.mark.slow
def test_two_processes_make_one_table(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "pictures"
    fill(folder, 300, True)
    script = f"from genmodels import data; print(data.load({str(folder)!r}).fingerprint)"
    both = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) for _ in range(2)
    ]
    found = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(found) == 1
    assert len(list(cache.rglob("*.npy"))) == 1


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # on one core
def test_processes_decode_what_one_does(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    fill(folder, 30, True)
    (folder / "030.png").write_bytes(b"no picture")
    monkeypatch.setattr(workers, "CHUNK", 3 * 6 * 9 * 4)
    monkeypatch.setattr(device, "cores", lambda: 2)
    monkeypatch.setattr(workers, "SHARE", 10)
    state = torch.get_rng_state()
    with pytest.raises(InputError, match=r"1 of 31 pictures.*030\.png: not a picture"):
        data.load(str(folder))
    (folder / "030.png").unlink()
    apart = data.load(str(folder)).table.clone()
    assert torch.equal(torch.get_rng_state(), state)
    monkeypatch.setattr(device, "cores", lambda: 1)
    next(cache.rglob("*.npy")).unlink()
    assert torch.equal(data.load(str(folder)).table, apart)


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
def test_a_killed_worker_ends_the_decoding(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    fill(folder, 30, True)
    me = os.getpid()

    def die(*_: Any) -> None:
        if os.getpid() != me:
            os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("decoded in the wrong process")

    monkeypatch.setattr(device, "cores", lambda: 2)
    monkeypatch.setattr(workers, "SHARE", 10)
    monkeypatch.setattr(decoding, "decode", die)
    with pytest.raises(InputError, match=r"decoded pictures has ended .*(exited|killed)"):
        data.load(str(folder))


def test_what_no_setting_continues_is_deleted(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "pictures", tmp_path / "others"
    fill(folder, 4, False)
    fill(other, 4, False)

    def interrupt(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    for interrupted, size in ((folder, 7), (other, 7)):
        with pytest.raises(KeyboardInterrupt):
            data.load(str(interrupted), image_size=size, progress=interrupt)
    first, second = sorted(cache.rglob("*.part"), key=lambda part: part.stat().st_mtime_ns)
    with FileLock(tables._lock(first)):  # another process continues it
        data.load(str(folder), image_size=8)
    assert first.exists()
    data.load(str(folder), image_size=9)
    assert not first.parent.exists()
    assert second.exists()  # other pictures: the same command will continue it
    long_ago = time.time() - tables.FORGOTTEN - 1
    os.utime(second, (long_ago, long_ago))
    data.load(str(folder), image_size=10)
    assert not list(cache.rglob("*.part"))
    assert len(list(cache.rglob("*.npy"))) == 3


def test_a_table_that_will_not_fit_is_refused_before_it_is_made(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pictures"
    fill(folder, 40, True)
    needed = 128 + 40 * 3 * 50 * 50
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=needed - 200))
    with pytest.raises(InputError, match=r"3x50x50 each, will need 293.1 KiB .* has 292.9 KiB f"):
        data.load(str(folder), image_size=50)
    assert not list(cache.rglob("*.part"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=needed))
    monkeypatch.setattr(tables, "BIG", needed - 1)
    with pytest.warns(Note, match=r"3x50x50 each, will need 293.1 KiB"):
        data.load(str(folder), image_size=50)
