"""Options that commands share, and output on any terminal."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from genmodels import config
from genmodels.cli import app

COMMANDS = typer.main.get_group(app).commands
ROWS = [(verb, name) for verb in ("train", "compare") for name in config.OVERRIDES]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(("verb", "name"), ROWS)
def test_every_override_is_an_option(verb: Any, name: Any) -> None:
    flags = [flag for option in COMMANDS[verb].params for flag in option.opts]
    assert "--" + name.replace("_", "-") in flags


def test_overrides_become_a_layer(tmp_path: Path) -> None:
    assert config.overrides() == {}
    layer = config.overrides("mine", data_root=tmp_path, seed=0, steps=3)
    data = {"name": "mine", "root": str(tmp_path), "offline": None}
    assert layer == {"data": data, "seed": 0, "train": {"steps": 3}}
    with pytest.raises(TypeError, match="sede"):
        config.overrides(sede=3)


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "cp1252"}, ASCII], ids=["cp1252", "C"]
)
@pytest.mark.parametrize("words", [["models"], ["datasets"], ["--help"]], ids=lambda w: w[0])
def test_any_terminal_can_show_it(words: list[str], environment: Any, workplace: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    done = subprocess.run(
        [sys.executable, "-m", "genmodels", *words], env=kept | environment, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout
