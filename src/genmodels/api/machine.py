"""What this machine offers, and whether a tiny training works on it from end to end."""

import importlib.util
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import platformdirs
import torch

from genmodels import runs
from genmodels.api.sampling import sample_to
from genmodels.api.training import train
from genmodels.api.verification import verify
from genmodels.errors import InputError
from genmodels.system import device as devices
from genmodels.system import tune_cpu

LIBRARIES = ("torch", "torchvision", "numpy", "safetensors", "pillow")
EXTRAS = {  # module → what it is for
    "tensorboard": "train.tensorboard",
    "torch_fidelity": "compare with features=inception",
}
TINY = {
    "model": {"latent_dim": 4, "network": {"class": "MLP", "hidden": [16]}},
    "train": {"batch_size": 100},
}
STEPS = 20


def doctor() -> dict[str, str]:
    """Say what this machine offers, and try a tiny training on it.

    Returns:
        Name → what is there, or how long it took.

    Raises:
        InputError: something does not work; the message says what.

    >>> from genmodels import api
    >>> api.doctor()["training"].partition(":")[0]
    '20 steps, resumed after 10'
    """
    return {**dict(look()), **dict(trial())}


def look() -> Iterator[tuple[str, str]]:
    """Yield what there is, by name."""
    yield "genmodels", metadata.version("genmodels")
    yield "python", f"{platform.python_version()} on {platform.platform()}"
    yield "libraries", ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    for module, purpose in EXTRAS.items():
        there = "installed" if importlib.util.find_spec(module) else "not installed"
        yield module, f"{there}; for {purpose}"
    chosen = devices.choose()
    yield "device", chosen.reasons[0]
    for number in range(torch.cuda.device_count()):
        found = torch.cuda.get_device_properties(number)
        yield f"cuda:{number}", f"{found.name}, {found.total_memory / 2**30:.0f} GiB"
    yield "precision", chosen.reasons[1]
    if tuned := tune_cpu(chosen):
        yield "tuning", "; ".join(tuned)
    if chosen.device.type == "cpu":
        has = "multiplies bf16 in hardware" if devices.multiplies_bf16() else "has no bf16 products"
        yield "bf16", f"this processor {has}"
    free = chosen.free_memory()
    yield "memory", f"{free / 2**30:.1f} GiB free" if free else "free amount is not told here"
    compilers = [shutil.which(name) for name in ("c++", "g++", "clang++")]
    missing = "none found; train.execution=compiled needs one"
    yield "compiler", next(filter(None, compilers), None) or missing
    for name, path in (
        ("runs", runs.HOME),
        ("cache", platformdirs.user_cache_path("genmodels")),
        ("data", Path(os.environ.get("GENMODELS_DATA", "data"))),
    ):
        yield name, _place(path)


def trial() -> Iterator[tuple[str, str]]:
    """Train a tiny model, resume it, verify it and sample from it, in a folder of its own.

    Raises:
        InputError: something does not work; the message says what.
    """
    with tempfile.TemporaryDirectory() as place:
        out, began = Path(place) / "run", time.perf_counter()
        for number, steps in enumerate((STEPS // 2, STEPS)):
            run = train(
                "vae.yaml", data="glyphs", settings=TINY, steps=steps, out=out, resume=number > 0,
                quiet=True,
            )  # fmt: skip
        yield "training", f"{STEPS} steps, resumed after {STEPS // 2}: {_since(began)}"
        began = time.perf_counter()
        damaged = [finding for finding in verify(run) if finding.problem]
        if damaged:
            raise InputError(f"what was just written is damaged: {damaged[0].problem}")
        yield "verifying", _since(began)
        began = time.perf_counter()
        sample_to(run, Path(place) / "samples.png", count=16)
        yield "sampling", _since(began)


def _since(began: float) -> str:
    return f"works, {time.perf_counter() - began:.1f} s"


def _place(path: Path) -> str:
    """Where something lies, and how much room is left there."""
    there = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    state = "" if path.exists() else ", not there yet"
    writable = "" if os.access(there, os.W_OK) else ", NOT WRITABLE"
    return f"{path}{state}: {shutil.disk_usage(there).free / 1e9:.1f} GB free{writable}"
