"""Checkpoints: what is written is read again, and what cannot be is said."""

import errno
import json
import os
import pickle
import random
import stat
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from genmodels.errors import InputError, NotFinite, Unwritable
from genmodels.runs import checkpoint

TENSORS = {
    "model.weight": torch.arange(6.0).view(2, 3).t(),  # not contiguous
    "optimizer.model.weight.step": torch.tensor(3.0),
    "model.count": torch.tensor(5),
}


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, TENSORS, {"progress": {"step": 3, "seconds": 0.1 + 0.2}})
    found = checkpoint.load(path)
    assert found.header["progress"] == {"step": 3, "seconds": 0.1 + 0.2}
    assert found.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert torch.equal(found.tensors[name], tensor)
        assert found.tensors[name].dtype == tensor.dtype
    assert list(found.part("model.")) == ["count", "weight"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_new_checkpoint_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    for step in range(2):
        checkpoint.save(path, TENSORS, {"step": step})
        held = checkpoint.load(path)
    assert held.header["step"] == 1


CALLS = [
    ("open", Path, errno.EACCES),
    ("write", None, errno.ENOSPC),
    ("flush", None, errno.ENOSPC),
    ("fsync", os, errno.EIO),
    ("replace", Path, errno.EDQUOT),
]


class Failing:
    """A file of which one call fails, after what was written before."""

    def __init__(self, file: Any, name: str, error: Any) -> None:
        self.file, self.name, self.error = file, name, error

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        def fail(*_: Any) -> None:
            self.file.write(b"half")
            raise self.error

        return fail if name == self.name else getattr(self.file, name)


@pytest.mark.parametrize(("name", "owner", "number"), CALLS)
def test_a_failed_call_leaves_the_old_file(
    name: Any, owner: Any, number: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, TENSORS, {"step": 1})
    error = OSError(number, os.strerror(number))

    def fail(*arguments: Any, **options: Any) -> None:
        raise error

    opened = Path.open
    with monkeypatch.context() as patched:
        if owner:
            patched.setattr(owner, name, fail)
        else:
            patched.setattr(Path, "open", lambda *a, **o: Failing(opened(*a, **o), name, error))
        with pytest.raises(Unwritable, match=rf"396 B\) cannot be written: {error.strerror}"):
            checkpoint.save(path, TENSORS, {"step": 2})
    assert checkpoint.load(path).header["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


def test_a_folder_that_cannot_be_synced_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    fsync = os.fsync

    def fail(descriptor: Any) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Unwritable, match="Input/output error"):
        checkpoint.save(path, TENSORS, {"step": 2})
    assert checkpoint.load(path).header["step"] == 2  # under its name, perhaps not for ever


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nan_and_inf_never_enter_a_checkpoint(value: Any, dtype: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, TENSORS, {"step": 1})
    broken = {**TENSORS, "model.bias": torch.tensor([0, value], dtype=dtype)}
    with pytest.raises(NotFinite, match=r"model\.bias is not finite"):
        checkpoint.save(path, broken, {"step": 2})
    assert checkpoint.load(path).header["step"] == 1


def test_flipped_bits_are_told_or_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, TENSORS, {"step": 1, "text": "größer"})
    whole, wanted = path.read_bytes(), checkpoint.load(path)
    generator = random.Random(0)
    told = 0
    for _ in range(100):
        content = bytearray(whole)
        content[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
        path.write_bytes(content)
        try:
            found = checkpoint.load(path)
        except InputError:
            told += 1
        else:  # such as in the padding of a header
            assert found.header == wanted.header
            assert all(torch.equal(found.tensors[n], t) for n, t in wanted.tensors.items())
    assert told > 90


def test_every_length_but_the_whole_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, TENSORS, {"step": 1})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="damaged or incomplete"):
            checkpoint.load(path)
    path.write_bytes(whole + b"more")
    with pytest.raises(InputError, match="damaged or incomplete"):
        checkpoint.load(path)


class Payload:
    """Runs when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("executed", "w"))


def test_a_pickle_by_any_name_is_not_executed(workplace: Path) -> None:
    path = workplace / "a.safetensors"
    for content in (pickle.dumps(Payload()), pickle.dumps({"model": Payload()})):
        path.write_bytes(content)
        with pytest.raises(InputError, match="damaged or incomplete"):
            checkpoint.load(path)
    torch.save({"model": Payload()}, path)
    with pytest.raises(InputError, match="damaged or incomplete"):
        checkpoint.load(path)
    header = {"note": pickle.dumps(Payload()).decode("latin-1")}
    checkpoint.save(path, TENSORS, header)
    assert checkpoint.load(path).header["note"] == header["note"]
    assert not Path("executed").exists()


@pytest.mark.parametrize("size", [0, 4, 8, 50, -5, -1])
def test_a_truncated_file_is_told(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, TENSORS, {})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="damaged or incomplete"):
        checkpoint.load(path)


def test_other_files_are_told(tmp_path: Path) -> None:
    newer = json.dumps({"__metadata__": {"genmodels": json.dumps({"format": 99})}}).encode()
    for name, content, said in [
        ("newer", struct.pack("<Q", len(newer)) + newer, "has format 99.*update genmodels"),
        ("foreign", struct.pack("<Q", 2) + b"{}", "was not written by genmodels"),
        ("text", b"hello, this is no tensor", "damaged or incomplete"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=said):
            checkpoint.load(tmp_path / name)
    with pytest.raises(InputError, match="cannot be read"):
        checkpoint.load(tmp_path / "absent")
