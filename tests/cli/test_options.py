"""Options that commands share, and output on any terminal."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from conftest import CommandLine, Trained
from genmodels import api, console
from genmodels.api import arguments, overrides
from genmodels.cli import app
from genmodels.config.settings import Settings
from genmodels.data import Kind
from genmodels.errors import InputError

COMMANDS = typer.main.get_group(app).commands
ROWS = [(command, name) for command in ("train", "compare") for name in overrides.rows()]
PATHS = [
    (command, option.opts[0])
    for command, each in COMMANDS.items()
    for option in each.params
    if option.metavar in ("FOLDER", "FILE", "PATH")
]
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize(("command", "name"), ROWS)
def test_every_override_is_an_option(command: Any, name: Any) -> None:
    flags = [flag for option in COMMANDS[command].params for flag in option.opts]
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
    given = ["--data-root", "sets", "--seed", "3", "--budget", "10m"]
    shown = genmodels("train", "--config", "vae.yaml", "--dry-run", *given).out
    for line in ("seed: 3", "root: sets", "budget: 600.0", "name: mnist"):
        assert f"{line}\n" in shown
    given = ["--data", ".", "--on-bad", "skip"]
    assert "on_bad: skip\n" in genmodels("train", "-c", "vae.yaml", "--dry-run", *given).out


@pytest.mark.parametrize("name", overrides.rows())
def test_a_row_agrees_with_the_setting(name: str) -> None:
    row = overrides.rows()[name]
    *sections, last = row.override.key.split(".")
    kind: Any = Settings
    for section in sections:
        kind = kind.model_fields[section].annotation
    if row.kind is int:
        schema = kind.model_json_schema()["properties"][last]
        (least,) = [one["minimum"] for one in schema.get("anyOf", [schema]) if "minimum" in one]
        assert row.override.least == least
    assert {*row.override.kinds} <= {*get_args(Kind)} == {*arguments.KINDS}


def test_output_that_is_no_terminal_has_the_width_of_its_content(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for cell in ("short", "long " * 100 + "end"):
        console.show_table(["name", "text"], [["a", cell], ["b", "c"]])
        lines = capsys.readouterr().out.splitlines()
        assert [line.rstrip() for line in lines] == ["name  text", f"a     {cell}", "b     c"]
        assert max(map(len, lines)) == len("name  ") + len(cell)
    console.show_table(["name", "text"], [["a", "long " * 100]], widest=50)
    assert max(map(len, capsys.readouterr().out.splitlines())) == 56


def test_a_terminal_wraps_between_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    row = ["runs/report-gan-20261126-165157", "report/gan", "./my_pictures", "0.1071", "5,550",
           "discriminator 0.0821  generator 1.2345"]  # fmt: skip
    for columns in (60, 80, 90, 100, 120, 160):
        monkeypatch.setenv("COLUMNS", str(columns))
        console.show_table(["run", "config", "data", "epoch", "step", "loss"], [row])
        plain = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
        heading, *lines = plain.splitlines()
        shown = " ".join(lines).split()
        assert sorted(shown) == sorted(" ".join(row).split())
        least = sum(map(len, row[:5])) + len("discriminator") + 5 * console.GAP
        assert len(heading) <= max(columns, least)


@pytest.mark.parametrize("name", ["a[/]", "[red]b", ":smile:", "[link=x]"])
def test_names_are_printed_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    console.show_table(["run", name], [[name, name]])
    console.Display().say(name)
    console.Display().advance(name, 1, 1, name)
    shown = capsys.readouterr()
    assert shown.out.count(name) == 3
    assert shown.err == f"{name}\n{name} 100 %  {name}\n"


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "cp1252"}, ASCII], ids=["cp1252", "C"]
)
def test_any_terminal_can_show_it(environment: Any, workplace: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONIOENCODING", "PYTHONUTF8")}
    code = "from genmodels.cli import main; main(['models']); main(['datasets']); main(['--help'])"
    done = subprocess.run([sys.executable, "-c", code], env=kept | environment, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout


@pytest.mark.parametrize(("command", "flag"), PATHS)
def test_an_empty_text_is_no_path(
    command: str, flag: str, genmodels: CommandLine, workplace: Path
) -> None:
    outcome = genmodels(command, flag, "")
    assert (outcome.code, outcome.out) == (2, "")
    assert f"'{flag}': '' is no path; give a path; see genmodels {command} --help" in outcome.err
    assert not list(workplace.iterdir())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["train", "--seed"], "genmodels train"),
        (["sample", "--count"], "genmodels sample"),
        (["train", "--resume=3"], "genmodels train"),
        (["compare", "--bar"], "genmodels compare"),
        (["trian"], "genmodels"),
        (["--bar"], "genmodels"),
    ],
)
def test_a_usage_error_names_the_help_of_its_command(
    words: list[str], named: str, genmodels: CommandLine
) -> None:
    assert genmodels(*words).err.endswith(f"; see {named} --help\n")


def test_these_options_are_paths() -> None:
    assert {flag for _, flag in PATHS} == {"--out", "--data-root", "--from", "--to"}
    assert {command for command, flag in PATHS if flag == "--out"} == {
        "train", "compare", "sample", "interpolate",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("command", "advice"),
    [
        ("sample", "memory ran out: lower --count"),
        ("interpolate", "memory ran out: lower --steps or --rows"),
        ("train", "memory ran out: lower the model's widths, the batch size or the image size"),
    ],
)
def test_when_memory_runs_out_the_command_says_what_to_lower(
    command: str, advice: str, genmodels: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    for name in ("load", "train"):
        monkeypatch.setattr(api, name, full)
    outcome = genmodels(command)
    assert (outcome.code, outcome.err) == (2, f"genmodels: {advice}\n")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_output_that_is_full_is_one_line(workplace: Path, trained: Trained) -> None:
    trained(workplace / "runs" / "a")
    for command in ("runs", "models"):
        with open("/dev/full", "w") as full:
            given = [sys.executable, "-m", "genmodels", command]
            done = subprocess.run(given, stdout=full, stderr=subprocess.PIPE, text=True)
        line = "genmodels: the output cannot be written: No space left on device; free space\n"
        assert (done.returncode, done.stderr) == (2, line)


def test_a_closed_output_gets_nothing(
    genmodels: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    for command in ("models", "runs", "datasets"):
        outcome = genmodels(command)
        assert (outcome.code, outcome.err) == (0, "")
