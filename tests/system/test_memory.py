"""Memory that runs out: chunks are halved and it is said, or one line says what to lower."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from torch import Tensor

from conftest import CommandLine, Trained
from genmodels import api
from genmodels.errors import Note
from genmodels.evaluation.features.extractor import Extractor
from genmodels.sampling import generation
from genmodels.system import memory
from genmodels.training.step import Step

pytestmark = pytest.mark.slow

GPU = "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 8 GiB"
CPU = (
    "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 80000000 bytes. Error code 12 (Cannot allocate memory)"
)


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (torch.OutOfMemoryError(GPU), "20.00 MiB"),
        (RuntimeError(CPU), "76.3 MiB"),
        (MemoryError(), ""),
        (
            RuntimeError("Storage size calculation overflowed with sizes=[4, 4611686018427387904]"),
            "",
        ),
    ],
)
def test_what_ran_out_is_told(error: Any, asked: str) -> None:
    assert memory.ran_out(error)
    assert memory.requested(error) == asked
    assert not memory.ran_out(RuntimeError("shapes cannot be multiplied"))


def test_chunks_are_halved_until_they_fit() -> None:
    rows, seen = torch.arange(100), []

    def few(part: Any) -> Any:
        if len(part) > 15:
            raise RuntimeError(CPU)
        seen.append(len(part))
        return part

    with pytest.warns(Note, match="memory ran out while counting: going on with") as said:
        parts = memory.Chunks(50, "counting").map(few, rows)
    assert torch.equal(torch.cat(parts), rows)
    assert seen == [12] * 8 + [4]
    assert [re.findall(r"with (\d+) at", str(note.message)) for note in said] == [["25"], ["12"]]


def test_what_never_fits_and_other_errors_are_raised() -> None:
    def broken(part: Any) -> None:
        raise RuntimeError(message)

    for message in (CPU, "shapes cannot be multiplied"):
        with pytest.warns(Note) if message == CPU else _nothing(), pytest.raises(RuntimeError):
            memory.Chunks(2, "counting").map(broken, torch.arange(3))


class _nothing:
    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> Literal[False]:
        return False


def test_sampling_goes_on_with_smaller_chunks(
    workplace: Path,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    genmodels: CommandLine,
) -> None:
    run = api.load(trained(workplace / "runs" / "a"))
    whole = run.sample(200)
    model = type(run.model())
    decode = model.decode

    def few(self: Any, latents: Tensor, labels: Any = None) -> Any:
        if len(latents) > 60:
            raise torch.OutOfMemoryError(GPU)
        return decode(self, latents, labels)

    monkeypatch.setattr(model, "decode", few)
    monkeypatch.setattr(generation, "BLOCK", 200)
    with pytest.warns(Note, match=r"generating images: going on with (100|50) at"):
        found = run.sample(200)
    torch.testing.assert_close(found, whole, rtol=1e-5, atol=1e-5)
    outcome = genmodels("sample", run.path, "--count", "200", "--out", "x.npz")
    assert outcome.code == 0
    assert "memory ran out while generating images: going on with 100 at a time" in outcome.err


def test_features_are_extracted_in_smaller_chunks() -> None:
    def see(images: Tensor) -> tuple[Any, ...]:
        if len(images) > 300:
            raise torch.OutOfMemoryError(GPU)
        return images.flatten(1), None

    images = torch.rand(700, 1, 2, 2)
    with pytest.warns(Note, match="extracting features: going on with 250 at a time"):
        features = Extractor("all", "0", see)([images])
    assert torch.equal(features.values, images.flatten(1).double())


def test_training_says_what_to_lower(
    workplace: Path,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    genmodels: CommandLine,
) -> None:
    run = trained(workplace / "runs" / "a")

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError(GPU)

    monkeypatch.setattr(Step, "__call__", full)
    outcome = genmodels("train", "--out", run, "--resume", "--epochs", "2")
    assert outcome.code == 2
    assert "memory ran out at step 22 when 20.00 MiB more were requested" in outcome.err
    assert "lower train.batch_size, now 500" in outcome.err


LIMITED = """
import resource, sys
import torch
from genmodels import cli
held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + 2**30, held + 2**30))
cli.main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and RLIMIT_AS")
def test_a_limited_address_space(tmp_path: Path) -> None:
    given = [
        "train", "--config", "vae.yaml", "--data", "glyphs", "--device", "cpu", "--steps", "2",
        "--set", "model.network.hidden=[16000, 16000]", "--out", str(tmp_path / "run"),
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *given], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    last = done.stderr.splitlines()[-1]
    assert "memory ran out" in last
    assert "lower" in last
    assert "Traceback" not in done.stderr
