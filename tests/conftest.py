"""What tests share: where they compute, where MNIST lies, and a place of their own."""

import os
from pathlib import Path

import platformdirs
import pytest
import torch

from genmodels import device as devices

REPOSITORY = Path(__file__).parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", help="auto, cpu, cuda, cuda:1, mps")
    parser.addoption("--precision", default="fp32", help="auto, fp32, bf16, fp16")


def pytest_configure(config: pytest.Config) -> None:
    # Small tensors gain nothing from many threads, and sums depend on their number.
    torch.set_num_threads(2)


def pytest_report_header(config: pytest.Config) -> list[str]:
    import genmodels

    chosen = _chosen(config)
    return [f"genmodels: {Path(genmodels.__file__).parent}", *chosen.reasons]


@pytest.fixture(scope="session")
def device(pytestconfig: pytest.Config) -> devices.Device:
    """The device and precision that the suite was asked to run on."""
    return _chosen(pytestconfig)


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
    """Keep every test, and the processes it starts, away from the user's cache."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *names, **options: cache)
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *names, **options: str(cache))
    return cache


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
