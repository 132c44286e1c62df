"""A short version of ``python -m torture``."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
PROGRAM = """
import json
import sys
from dataclasses import asdict
from pathlib import Path
from torture import kills

if __name__ == "__main__":
    print(json.dumps(asdict(kills.kill(Path(sys.argv[1]), 6, seed=1, name="gan"))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_trainings_end_like_an_undisturbed_one(tmp_path: Path) -> None:
    script = tmp_path / "program.py"  # a file, since processes are started from it
    script.write_text(PROGRAM)
    (tmp_path / "runs").mkdir()
    done = subprocess.run(
        [sys.executable, script, tmp_path / "runs"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    tally = json.loads(done.stdout.splitlines()[-1])
    assert tally["problems"] == []
    assert tally["kills"] == tally["survived"] == 6
    assert tally["ends"] == tally["identical"] >= 1
    assert tally["lost"] < 20
