"""A training process is killed at random instants and resumed, until it ends.

Every run that ended is compared with one that was never disturbed: all tensors of its last
checkpoint bit for bit, its header and its log, but for dates and seconds.
"""

import json
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from genmodels import runs

MODELS: dict[str, dict[str, Any]] = {
    "vae": {"config": "vae.yaml", "model": {"network": {"class": "MLP", "hidden": [32]}}},
    "gan": {
        "config": "gan.yaml",
        "model": {"network": {"class": "MLP", "hidden": [32]}, "dropout": 0.3},
    },
}
# Many steps a second and a save after nearly each of them: most kills fall into a save.
TRAIN = {"batch_size": 100, "steps": 250, "save_every": 0.02, "ema": 0.99}
VOLATILE = {"saved", "started"}  # of a header
VOLATILE_PROGRESS = {"seconds", "peak_memory_mib"}
AT_A_SAVE = 0.5  # share of the kills that wait for a save to be under way
DISK = 0.01  # seconds that a write takes to reach the disk
# What each training loads, once for all of them.
PRELOADED = ["genmodels.training.session", "genmodels.training.curves", "torch._dynamo"]
LONGEST = 120.0  # seconds that one process may take before something hangs


@dataclass
class Tally:
    """The counts of one series of kills.

    Attributes:
        kills: processes that were killed while they trained.
        saves: of these, such that had begun to write a file.
        survived: kills after which the run went on, from a whole checkpoint or from its start.
        ends: runs that came to their end.
        identical: of these, such that equal the undisturbed one.
        lost: the most seconds of training that a kill took back.
        problems: what went wrong, one line each.
    """

    kills: int = 0
    saves: int = 0
    survived: int = 0
    ends: int = 0
    identical: int = 0
    lost: float = 0.0
    problems: list[str] = field(default_factory=list)


def kill(place: Path, count: int, seed: int = 0, name: str = "vae") -> Tally:
    """Kill a number of processes, each at a random instant.

    Args:
        place: an empty folder.
        count: of kills.
        seed: of the instants.
        name: of the model.
    """
    generator, tally = random.Random(seed), Tally()
    started = get_context("forkserver")
    started.set_forkserver_preload(PRELOADED)
    whole = runs.Folder(place / "undisturbed")
    _finish(_start(started, name, place / "first"))  # until the server is under way
    began = time.monotonic()
    _finish(_start(started, name, whole.path))
    length = time.monotonic() - began
    wanted = _end(whole)
    number = 0
    while tally.kills < count:
        run = runs.Folder(place / f"run-{number}")
        while True:
            process, began = _start(started, name, run.path), time.time()
            if tally.kills == count:
                process.join(LONGEST)
            elif generator.random() < AT_A_SAVE:
                _wait_for_a_save(run, process, generator)
            else:
                process.join(generator.uniform(0, length))
            if process.exitcode is not None:
                if process.exitcode:
                    tally.problems.append(f"{run.path}: exit code {process.exitcode}")
                    return tally
                break
            assert process.pid
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            tally.kills += 1
            _look(run, tally, began)
        tally.ends += 1
        differences = [key for key, value in _end(run).items() if wanted[key] != value]
        if differences:
            tally.problems.append(f"{run.path}: other {', '.join(differences)}")
        else:
            tally.identical += 1
        number += 1
    return tally


def _start(context: Any, name: str, path: Path) -> Any:
    process = context.Process(target=train, args=(name, str(path)))
    process.start()
    return process


def _finish(process: Any) -> None:
    process.join(LONGEST)
    if process.exitcode:
        raise RuntimeError(f"an undisturbed training ended with {process.exitcode}")


def train(name: str, path: str) -> None:
    """Train or resume, in a process of its own."""
    from genmodels import api

    torch.set_num_threads(1)
    os.fsync = _slow(os.fsync)  # type: ignore[assignment]
    chosen = MODELS[name]
    api.train(
        chosen["config"],
        data="glyphs",
        device="cpu",
        settings={"model": {"latent_dim": 8, **chosen["model"]}, "train": TRAIN},
        out=path,
        resume=Path(path).exists(),
        quiet=True,
    )


def _wait_for_a_save(run: runs.Folder, process: Any, generator: random.Random) -> None:
    """Wait until one of the next two saves is under way, or the process has ended."""
    left = generator.randrange(1, 3)
    seen: set[Path] = set()
    while left and process.exitcode is None:
        found = set(run.checkpoints.glob(".*.part")) - seen if run.checkpoints.is_dir() else set()
        left -= bool(found)
        seen |= found
        time.sleep(DISK / 10)


def _slow(fsync: Callable[[int], None]) -> Callable[[int], None]:
    """Simulate a slow disk, so that many kills fall into a save."""

    def wait(descriptor: int) -> None:
        time.sleep(DISK)
        fsync(descriptor)

    return wait


def _look(run: runs.Folder, tally: Tally, began: float) -> None:
    """Return what a killed process, started at ``began``, has left."""
    if run.checkpoints.is_dir():
        tally.saves += any(path.suffix == ".part" for path in run.checkpoints.iterdir())
    for path in run.checkpoint_paths():
        try:
            run.read(path)
        except ValueError as error:
            tally.problems.append(str(error))
            return
    saved = [path.stat().st_mtime for path in run.checkpoint_paths()]
    tally.lost = round(max(tally.lost, time.time() - max([began, *saved])), 2)
    tally.survived += 1


def _end(run: runs.Folder) -> Mapping[str, str]:
    """Return the final tensors and records of a run, for comparison."""
    saved = run.latest()
    header = {key: value for key, value in saved.header.items() if key not in VOLATILE}
    progress = saved.header["progress"].items()
    header["progress"] = {key: value for key, value in progress if key not in VOLATILE_PROGRESS}
    log = [{**record, "seconds": 0} for record in run.log()]
    return {
        "header": json.dumps(header, sort_keys=True),
        "log": json.dumps(log),
        "settings": run.settings.yaml(),
        **{name: str(tensor.tolist()) for name, tensor in saved.tensors.items()},
    }
