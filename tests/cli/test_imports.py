"""A command imports what it needs, and nothing else."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import Trained

# Print what a command imports beyond PyTorch and genmodels' own settings of the process.
PROGRAM = """
import sys
import genmodels, torch
before = {*sys.modules}
from genmodels import cli
try:
    cli.main(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print("imported:", *sorted({*sys.modules} - before))
"""
PAGES = {"matplotlib", "jinja2"}
SLOW = {*PAGES, "scipy", "torchvision", "triton", "sympy", "torch._dynamo"}
ROOMS = ("comparison", "evaluation", "report", "training")


def imported(*words: object) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, words)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    _, found, names = done.stdout.rpartition("imported:")
    assert found
    return set(names.split())


@pytest.mark.slow
def test_samples_need_neither_metrics_nor_pages(workplace: Path, trained: Trained) -> None:
    run = trained(workplace / "run")
    for verb in ("sample", "interpolate"):
        found = imported(verb, run, "--out", f"{verb}.png")
        assert {"genmodels.models.vae", "PIL.Image", "yaml"} <= found
        assert not found & SLOW
        assert not [
            name for name in found if name.startswith(tuple(map("genmodels.{}".format, ROOMS)))
        ]
    assert not imported("sample", run, "--out", "again.png") & {"rich.console", "filelock"}


@pytest.mark.slow
def test_a_training_reads_mnist_without_torchvision(workplace: Path) -> None:
    folder = workplace / "data" / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for split, count in (("train", 40), ("t10k", 20)):
        for what, shape in (("images-idx3", (count, 28, 28)), ("labels-idx1", (count,))):
            head = bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
            values = np.arange(np.prod(shape)) % 10
            (folder / f"{split}-{what}-ubyte").write_bytes(head + values.astype(np.uint8).tobytes())
    found = imported(
        "train", "--config", "vae.yaml", "--data-root", workplace / "data", "--steps", 1,
        "--device", "cpu", "--out", "run", "--set", "train.batch_size=10",
    )  # fmt: skip
    assert "genmodels.training.session" in found
    assert not found & {"jinja2", "scipy", "torchvision"}


@pytest.mark.slow
@pytest.mark.usefixtures("known_features")
def test_one_seed_needs_no_statistics(workplace: Path, trained: Trained) -> None:
    run = trained(workplace / "run")
    found = imported("compare", run, "--count", 50, "--out", "page")
    assert found >= PAGES
    assert not found & (SLOW - PAGES)
