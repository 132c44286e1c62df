"""Settings in messages become the options that a user of the command line can type."""

import ast
import re
import shlex
from pathlib import Path

import pytest

import genmodels
from genmodels.cli.wording import as_flags
from genmodels.errors import argument, readable_size, spelled, spelling

PACKAGE = Path(genmodels.__file__).parent


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("choose another `out`", "choose another --out"),
        ("`count=0` is not a number", "--count 0 is not a number"),
        ("`on_bad=skip`", "--on-bad skip"),
        ("`start` and `end`", "--from and --to"),
        ("`settings` train.keep: is 0", "--set train.keep: is 0"),
        ("with `train.keep=1`", "with --set train.keep=1"),
        ("`train(out=runs/a b, resume)`", "genmodels train --out 'runs/a b' --resume"),
        ("`train()`", "genmodels train"),
        ("`train(out='a, b', resume=True)`", "genmodels train --out 'a, b' --resume"),
        ("`out='a b'` exists", "--out 'a b' exists"),
        ("`out='a\\x00b'`", "--out 'a\\x00b'"),
        ("`out='a lo...`", "--out 'a lo..."),
        ("a `` in a name", "a `` in a name"),
        ("no setting", "no setting"),
    ],
)
def test_settings_become_options(message: str, shown: str) -> None:
    assert as_flags(message) == shown


@pytest.mark.parametrize(
    "path", ["runs/x", "a, b", "a`b", "it's", 'a"b', "a, resume=True", "$HOME", "ü, é", "a\\b"]
)
def test_advice_can_be_pasted_whatever_the_path(path: str) -> None:
    shown = as_flags(f"go on with: `train(out={argument(Path(path))}, resume=True)`, or wait")
    advice = shown.removeprefix("go on with: ").removesuffix(", or wait")
    assert shlex.split(advice) == ["genmodels", "train", "--out", path, "--resume"]
    assert shlex.split(as_flags(f"`out={argument(path)}`")) == ["--out", path]


def test_the_spelling_ends_with_its_block() -> None:
    with spelling(as_flags):
        assert spelled("`out`") == "--out"
    assert spelled("`out`") == "`out`"


def test_nothing_below_the_command_line_spells_options() -> None:
    found = []
    for path in PACKAGE.rglob("*.py"):
        if path.relative_to(PACKAGE).parts[0] in ("cli", "__main__.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.search(r"(^|\s)--[a-z]", text):
                found.append(f"{path.name}:{getattr(node, 'lineno', 0)} {text[:60]!r}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (1023, "1023 B"), (61_440, "60.0 KiB"), (2**20, "1.0 MiB"),
     (1.5 * 2**30, "1.5 GiB"), (2.0**60, "1,048,576.0 TiB")],
)  # fmt: skip
def test_sizes_have_a_unit_that_fits(count: float, shown: str) -> None:
    assert readable_size(count) == shown
