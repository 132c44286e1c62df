"""Options that commands share, and output on any terminal."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from conftest import CommandLine
from genmodels.api import arguments, overrides
from genmodels.cli import app
from genmodels.config.settings import Settings
from genmodels.errors import InputError

COMMANDS = typer.main.get_group(app).commands
ROWS = [(verb, name) for verb in ("train", "compare") for name in overrides.rows()]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(("verb", "name"), ROWS)
def test_every_override_is_an_option(verb: Any, name: Any) -> None:
    flags = [flag for option in COMMANDS[verb].params for flag in option.opts]
    assert "--" + name.replace("_", "-") in flags


@pytest.mark.parametrize("name", overrides.rows())
def test_every_override_replaces_a_key(name: str) -> None:
    keys = overrides.rows()[name].override
    for key in filter(None, (keys.key, keys.clears)):
        *sections, last = key.split(".")
        kind: Any = Settings
        for section in sections:
            kind = kind.model_fields[section].annotation
        assert last in kind.model_fields


def test_overrides_become_a_layer(tmp_path: Path) -> None:
    assert overrides.layer({}) == {}
    layer = overrides.layer({"data": "mine", "data_root": tmp_path, "seed": 0, "steps": 3})
    data = {"name": "mine", "root": str(tmp_path), "offline": None}
    assert layer == {"data": data, "seed": 0, "train": {"steps": 3}}
    with pytest.raises(TypeError, match="sede"):
        overrides.layer({"sede": 3})


def test_there_is_one_limit() -> None:
    assert arguments.layers((), {"steps": 3, "epochs": None}) == [{"train": {"steps": 3}}]
    with pytest.raises(InputError, match="one of `epochs`, `steps` and `budget`"):
        arguments.layers((), {"steps": 3, "epochs": 2})


def test_options_are_read_as_their_rows_say(genmodels: CommandLine, workplace: Path) -> None:
    given = ["--data-root", "sets", "--seed", "3", "--budget", "10m", "--on-bad", "skip"]
    shown = genmodels("train", "--config", "vae.yaml", "--dry-run", *given).out
    for line in ("seed: 3", "root: sets", "budget: 600.0", "on_bad: skip", "name: mnist"):
        assert f"{line}\n" in shown


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "cp1252"}, ASCII], ids=["cp1252", "C"]
)
def test_any_terminal_can_show_it(environment: Any, workplace: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    code = "from genmodels.cli import main; main(['models']); main(['datasets']); main(['--help'])"
    done = subprocess.run([sys.executable, "-c", code], env=kept | environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout
