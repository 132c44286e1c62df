"""Runs of every format of checkpoint that there was stay readable.

``tests/runs`` holds a run of each, of pictures of 4×4, with samples that were drawn when it
was made. A new format adds a folder, and none is ever changed.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import CommandLine
from genmodels import api
from genmodels.runs import checkpoint

RUNS = sorted((Path(__file__).parent).glob("format-*/*"))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_old_run_is_verified_and_sampled(
    path: Any, genmodels: CommandLine, workplace: Path
) -> None:
    run = workplace / "runs" / "old"
    shutil.copytree(path, run)
    outcome = genmodels("verify", run)
    assert outcome.code == 0, outcome
    wanted = np.load(run / "samples.npy")
    np.testing.assert_allclose(api.load(run).sample(6, seed=1).numpy(), wanted, atol=1e-4)
    assert genmodels("interpolate", run, "--out", "walk.png").code == 0
    assert "old" in genmodels("runs").out


def test_there_is_one_of_each_format() -> None:
    formats = {int(path.parent.name.removeprefix("format-")) for path in RUNS}
    assert formats == set(range(1, checkpoint.FORMAT + 1))
    for path in RUNS:
        (saved,) = (path / "checkpoints").iterdir()
        assert f"format-{checkpoint.peek(saved)['format']}" == path.parent.name
