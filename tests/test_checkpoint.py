"""Checkpoints: what is written is read again, and what cannot be is said."""

import json
import struct

import pytest
import torch

from genmodels import checkpoint
from genmodels.errors import InputError

TENSORS = {
    "model.weight": torch.arange(6.0).view(2, 3).t(),  # not contiguous
    "optimizer.model.weight.step": torch.tensor(3.0),
    "model.count": torch.tensor(5),
}


def test_round_trip(tmp_path):
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


def test_a_new_checkpoint_replaces_the_old_one_whole(tmp_path):
    path = tmp_path / "a.safetensors"
    for step in range(2):
        checkpoint.save(path, TENSORS, {"step": step})
        held = checkpoint.load(path)
    assert held.header["step"] == 1


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, TENSORS, {"step": 1})
    for name in ("fsync", "replace"):
        target = checkpoint.os if name == "fsync" else checkpoint.Path

        def fail(*arguments, **options):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(target, name, fail)
            with pytest.raises(InputError, match=r"MiB\) cannot be written: No space left"):
                checkpoint.save(path, TENSORS, {"step": 2})
        assert checkpoint.load(path).header["step"] == 1
        assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]


@pytest.mark.parametrize("size", [0, 4, 8, 50, -5, -1])
def test_a_truncated_file_is_told(tmp_path, size):
    path = tmp_path / "a.safetensors"
    checkpoint.save(path, TENSORS, {})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(InputError, match="damaged or incomplete"):
        checkpoint.load(path)


def test_other_files_are_told(tmp_path):
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
