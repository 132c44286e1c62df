"""Whatever is given either works or is refused in one line: no traceback, nothing left behind.

``HYPOTHESIS_PROFILE=long`` tries ten thousand configurations and two thousand command lines.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from genmodels import cli, config, runs
from genmodels.config import yaml12
from genmodels.errors import InputError
from genmodels.models import __all__ as MODELS
from genmodels.runs import checkpoint, manifest

pytestmark = pytest.mark.slow

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
options: dict[str, Any] = {
    "deadline": None,
    "derandomize": not LONG,
    "suppress_health_check": list(HealthCheck),
    "database": None,
}
configurations = settings(max_examples=10_000 if LONG else 200, **options)
command_lines = settings(max_examples=2_000 if LONG else 100, **options)

PRESET = config.read("vae.yaml").plain()


def keys_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from keys_of(inner)


KEYS = some.sampled_from(sorted({"class", *keys_of(PRESET), *keys_of(config.read("gan").plain())}))
WORDS = some.sampled_from(
    ["auto", "cpu", "mnist", "MLP", "Conv", "adam", "90s", "1e-3", "0:8:2", "../x", "", *MODELS]
)
SCALARS = (
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8) | WORDS
)
VALUES = some.recursive(
    SCALARS,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(KEYS | some.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)


@some.composite
def near_misses(draw: some.DrawFn) -> Any:
    """A configuration that is right but for a few places."""
    values = json.loads(json.dumps(PRESET))
    for _ in range(draw(some.integers(1, 3))):
        place = values
        while draw(some.booleans()):
            sections = [inner for inner in place.values() if isinstance(inner, dict)]
            if not sections:
                break
            place = draw(some.sampled_from(sections))
        place[draw(some.sampled_from([*place, "class"]) | KEYS)] = draw(VALUES)
    return values


def refused_or(function: Any, *arguments: Any) -> Any:
    """Call; an InputError is a fine answer, with a text."""
    try:
        return function(*arguments)
    except InputError as error:
        if not str(error):
            raise AssertionError("a refusal without a word") from error
        return None


@configurations
@given(near_misses() | some.dictionaries(KEYS, VALUES))
def test_configurations(values: Any) -> None:
    read = refused_or(config.resolve, [values], "fuzz")
    if read is not None:  # then it reads as itself
        again = yaml12.parse(read.yaml(), "again")
        assert isinstance(again, dict)
        assert config.resolve([again], "again") == read


@configurations
@given(some.text(max_size=60) | some.text("{}[]:,-&*!|>'\"#%@` \n\tab01.~", max_size=40))
def test_texts(text: str) -> None:
    refused_or(yaml12.parse, text, "fuzz")
    refused_or(config.assignment, text)
    refused_or(config.shift, text)


FIELDS = ["run", "config", "image_shape", "class_shares", "fingerprint", "progress", "started"]


@configurations
@given(some.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, VALUES)) | VALUES)
def test_headers(content: Any) -> None:
    refused_or(manifest.check, manifest.Header, content, Path("x"))
    refused_or(manifest.check, manifest.Environment, content, Path("x"))


@configurations
@given(some.data())
def test_checkpoints(data: Any) -> None:
    path = Path(os.environ["FUZZ_PLACE"]) / "c.safetensors"
    checkpoint.save(path, {"model.a": torch.arange(4.0)}, {"run": "vae"})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(some.integers(1, 4))):
        at = data.draw(some.integers(0, len(content) - 1))
        if data.draw(some.booleans()):
            content[at] = data.draw(some.integers(0, 255))
        else:
            content[at:at] = data.draw(some.binary(max_size=9))
    path.write_bytes(content)
    refused_or(checkpoint.load, path)
    assert isinstance(checkpoint.peek(path), dict)


COMMANDS = ["train", "sample", "interpolate", "compare", "runs", "config", "verify", "models"]
OPTIONS = [
    "--config", "--data", "--set", "--seed", "--epochs", "--steps", "--budget", "--device", "--out",
    "--resume", "--dry-run", "--count", "--weights", "--mode", "--rows", "--from", "--shift",
    "--seeds", "--match", "--shard", "--features", "--on-nan", "--on-bad", "--replay", "--help",
    "--version", "--", "-", "-c",
]  # fmt: skip
ARGUMENTS = (
    some.sampled_from(OPTIONS)
    | some.sampled_from(["vae.yaml", "gan", "runs/x", "glyphs", "model.latent_dim=3", "a=b", "1/2"])
    | WORDS
    | some.text(max_size=6).filter(lambda text: "\0" not in text)
    | some.integers().map(str)
)


@command_lines
@given(some.sampled_from([*COMMANDS, "", "trian"]), some.lists(ARGUMENTS, max_size=6))
def test_command_lines(command: Any, words: Any) -> None:
    if command == "train":
        words = ["--dry-run", *words]  # so that none of them trains for hours
    if command == "compare":
        words = [*words, "--count", "1"]  # is refused before anything is trained
    try:
        cli.main([command, *words])
    except SystemExit as ended:
        code = ended.code
    else:
        code = 0
    assert code in (None, 0, 2)


@pytest.fixture(autouse=True)
def place(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[None]:
    """A folder to work in, in which nothing is left."""
    folder = tmp_path_factory.mktemp("fuzz")
    monkeypatch.setenv("FUZZ_PLACE", str(tmp_path_factory.mktemp("files")))
    monkeypatch.chdir(folder)
    yield
    assert list(folder.iterdir()) == []
    assert runs.listed() == []
    assert "Traceback" not in capsys.readouterr().err
