"""What is installed works from any folder, and quickly."""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import genmodels

PACKAGE = Path(genmodels.__file__).parent
REPOSITORY = Path(__file__).parents[2]


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # Rich and typer would break lines at the width of the terminal that runs the tests.
    environment = {**os.environ, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_presets_are_found_from_another_folder(tmp_path: Path) -> None:
    code = "from genmodels import config; print(*config.presets(), sep='\\n')"
    done = python("-c", code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    configs = REPOSITORY / "configs"
    shipped = {path.relative_to(configs).as_posix() for path in configs.rglob("*.yaml")}
    assert "vae.yaml" in shipped
    assert set(done.stdout.split()) == shipped


@pytest.mark.parametrize(
    ("given", "listed"),
    [
        ([], ("train", "sample", "interpolate", "compare")),
        (["train"], ("--data", "--set", "--out")),
        (["sample"], ("--out",)),
    ],
)
def test_help_does_not_wait_for_torch(
    given: list[str], listed: tuple[str, ...], tmp_path: Path
) -> None:
    done = python("-X", "importtime", "-m", "genmodels", *given, "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in listed:
        assert re.search(rf"^\s*{name}\s", done.stdout, re.MULTILINE), done.stdout
    imported = set(re.findall(r"^import time:.*\|\s+([\w.]+)$", done.stderr, re.MULTILINE))
    assert "genmodels.cli" in imported
    heavy = {"torch", "torchvision", "numpy", "matplotlib", "pydantic", "safetensors"}
    own = {"pydantic"} if given else set()  # which typer loads for the help of a command
    assert not imported & heavy - own


def test_version_is_that_of_the_distribution(tmp_path: Path) -> None:
    try:
        installed = metadata.version("genmodels")
    except metadata.PackageNotFoundError:
        pytest.skip("genmodels is on the path but not installed")
    done = python("-m", "genmodels", "--version", cwd=tmp_path)
    assert (done.returncode, done.stdout.strip()) == (0, installed), done.stderr
    assert genmodels.__version__ == installed


def test_public_names_are_there() -> None:
    assert {"train", "load", "sample", "interpolate", "compare", "Run"} <= set(genmodels.__all__)
    assert all(getattr(genmodels, name) is not None for name in genmodels.__all__)
    with pytest.raises(AttributeError, match="'trian'"):
        _ = genmodels.trian  # type: ignore[attr-defined]


def test_the_package_brings_its_data() -> None:
    assert (PACKAGE / "py.typed").is_file()
    glyphs = PACKAGE / "data" / "glyphs.npz"
    assert 0 < glyphs.stat().st_size <= 4 * 2**20
