"""What tests share: where they compute, where MNIST lies, and a place of their own."""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
import pytest
import torch
from filelock import FileLock
from matplotlib.figure import Figure
from PIL import Image

from genmodels import Run, cli, data, load
from genmodels.data import glyphs
from genmodels.data.images import TEST, Images, silent
from genmodels.evaluation import reference
from genmodels.evaluation.features import domain, untrained
from genmodels.system import device as devices
from genmodels.system.tuning import tune_cpu

REPOSITORY = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", help="auto, cpu, cuda, cuda:1, mps")
    parser.addoption("--precision", default="fp32", help="auto, fp32, bf16, fp16")


def pytest_configure(config: pytest.Config) -> None:
    # Small tensors gain nothing from many threads, and sums depend on their number.
    torch.set_num_threads(1)
    # Compiling takes ten seconds, so all tests share what was compiled.
    compiled = Path(tempfile.gettempdir()) / "genmodels-tests-compiled"
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(compiled))


def pytest_report_header(config: pytest.Config) -> list[str]:
    import genmodels

    chosen = _chosen(config)
    return [
        f"genmodels: {Path(genmodels.__file__).parent}",
        *chosen.reasons,
        *tune_cpu(chosen),
    ]


@pytest.fixture(scope="session")
def device(pytestconfig: pytest.Config) -> devices.Device:
    """The device and precision that the suite was asked to run on."""
    chosen = _chosen(pytestconfig)
    tune_cpu(chosen)
    return chosen


@pytest.fixture(scope="session")
def mnist_root() -> Path:
    """The folder above ``MNIST/raw``."""
    named = os.environ.get("GENMODELS_DATA")
    places = [Path(named)] if named else []
    places.append(REPOSITORY.parent / "shared" / "data")
    for place in places:
        if (place / "MNIST" / "raw").is_dir():
            return place.resolve()
    pytest.skip("MNIST is neither under $GENMODELS_DATA nor under ../shared/data")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep every test, and the processes it starts, away from what the user's home keeps."""
    cache, state = tmp_path / "cache", tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.setattr(platformdirs, "user_state_path", lambda *names, **options: state)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *names, **options: cache)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *names, **options: str(cache))
    return cache


def save_one_pixel(figure: Figure, file: Any, **options: object) -> None:
    """Write a picture in the place of a figure."""
    Image.new("L", (1, 1)).save(file, "PNG")


@pytest.fixture(autouse=True)
def figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the figures of matplotlib where a test is marked ``drawn``, and one pixel elsewhere.

    Drawing takes two thirds of a comparison. Figures are set up in any case, and processes that
    tests start draw them.
    """
    if request.node.get_closest_marker("drawn") is None:
        monkeypatch.setattr(Figure, "savefig", save_one_pixel)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, where ``runs/`` is the test's own and no data set lies."""
    place = tmp_path / "workplace"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("GENMODELS_DATA", str(tmp_path / "data"))
    return place


def _chosen(config: pytest.Config) -> devices.Device:
    return devices.choose(config.getoption("--device"), config.getoption("--precision"))


@dataclass(frozen=True)
class Outcome:
    """What a command line left behind."""

    code: int
    out: str
    err: str


CommandLine = Callable[..., Outcome]


@pytest.fixture
def genmodels(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Call the command line within this process."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = 0
        try:
            cli.main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        read = capsys.readouterr()
        return Outcome(code, read.out, read.err)

    return call


TINY = ("--data", "glyphs", "--device", "cpu", "--set", "train.batch_size=500",
        "--set", "model.network.hidden=[16]", "--set", "model.latent_dim=4")  # fmt: skip


@pytest.fixture
def few_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the embedded set have a tenth of its images, and few steps to learn their features.

    This holds in the process of the test alone.
    """
    load = glyphs.load

    def few(*given: Any) -> Images:
        images = load(*given)
        assert images.labels is not None
        splits = [rows[::10] for rows in images.splits.values()]
        kept = torch.cat(splits)
        places = torch.arange(len(kept)).split([len(rows) for rows in splits])
        named = dict(zip(images.splits, places, strict=True))
        return replace(images, table=images.table[kept], splits=named, labels=images.labels[kept])

    monkeypatch.setattr(glyphs, "load", few)
    monkeypatch.setattr(domain, "STEPS", 20)


Train = Callable[..., Path]  # (into, *arguments of the command line)
Trained = Callable[..., Path]  # (into, preset, *options)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the whole session, which all workers share."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    place.mkdir(exist_ok=True)
    return place


@pytest.fixture(scope="session")
def features_once(shared: Path) -> Path:
    """The folder of features that comparisons on the embedded set leave in the cache."""
    cache = shared / "cache"
    with FileLock(f"{cache}.lock"):
        if not cache.exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(platformdirs, "user_cache_path", lambda *names, **options: cache)
                images = data.load("glyphs")
                for made in (domain.extractor, untrained.extractor):
                    extractor = made(images, silent)
                    reference.of(images, extractor, len(images.table), silent)
    return cache / "features"


@pytest.fixture
def known_features(own_cache: Path, features_once: Path) -> None:
    """Let a test, and the processes it starts, find features in the cache, as after a comparison.

    What it computes of other data, later tests find.
    """
    for cache in (own_cache, own_cache / "genmodels"):  # the second is that of a process
        cache.mkdir(parents=True, exist_ok=True)
        if sys.platform == "win32":  # where a link needs a privilege
            shutil.copytree(features_once, cache / "features")
        else:
            (cache / "features").symlink_to(features_once)


@pytest.fixture(scope="session")
def train_once(shared: Path) -> Train:
    """Give a function that puts a copy of the run of ``genmodels train ARGUMENTS`` at a path.

    Each is trained once, by whichever of the workers needs it first.
    """

    def copy(into: Path, *arguments: object) -> Path:
        words = ["train", *map(str, arguments)]
        made = shared / hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]
        with FileLock(f"{made}.lock"):
            if not made.exists():
                began = made.with_suffix(".part")
                cli.main([*words, "--out", str(began)])
                began.rename(made)
        shutil.copytree(made, into, dirs_exist_ok=True)
        return into

    return copy


@pytest.fixture(scope="session")
def trained(train_once: Train) -> Trained:
    """Give a function that puts a copy of a small run of a preset at a path."""

    def copy(into: Path, preset: str = "vae.yaml", *options: str) -> Path:
        return train_once(into, "--config", preset, *TINY, "--epochs", "1", *options)

    return copy


@pytest.fixture
def first(workplace: Path, train_once: Train) -> Run:
    """The run that the docstrings speak of: ``runs/first``."""
    words = ["--config", "vae.yaml", "--data", "glyphs", "--device", "cpu", "--steps", "2"]
    train_once(Path("runs/first"), *words)
    return load("first")


@pytest.fixture(scope="session")
def glyphs_reference(tmp_path_factory: pytest.TempPathFactory) -> reference.Reference:
    """Features of the glyphs' test images, which tests of metrics share."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(platformdirs, "user_cache_path", lambda *names, **options: cache)
        images = data.load("glyphs")
        extractor = untrained.extractor(images, silent)
        return reference.of(images, extractor, images.count(TEST), silent)
