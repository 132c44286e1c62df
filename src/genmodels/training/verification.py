"""Checks of a run: its files can be read, and its steps repeat bit for bit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from genmodels import runs, sampling
from genmodels.config import custom_code
from genmodels.console import Display
from genmodels.errors import InputError, readable_size
from genmodels.runs import logs
from genmodels.runs.checkpoint import EMA_PREFIX
from genmodels.system import device as devices
from genmodels.system.tuning import threads, tune_cpu
from genmodels.training import session


@dataclass(frozen=True)
class Finding:
    """The result of reading one file of a run.

    Attributes:
        path: the path of the file below the run's folder.
        what: the content, in a few words.
        problem: what is wrong with the file; empty if nothing is.
        missing: whether the problem is that the file is missing.
        needs: a damaged file without which this one cannot be checked; empty if it was checked.
    """

    path: str
    what: str
    problem: str = ""
    missing: bool = False
    needs: str = ""


def check(folder: runs.Folder) -> Iterator[Finding]:
    """Read every file of a run that later commands need, and yield a finding for each."""
    described = (
        _finding(folder, folder.config_path, partial(_settings, folder)),
        _finding(folder, folder.environment_path, lambda: f"started {folder.started}"),
    )
    yield from described
    needs = next((finding.path for finding in described if finding.problem), "")
    checkpoints = folder.checkpoint_paths()
    if lost := logs.lost(folder.log_path, checkpoints):
        yield Finding(folder.log_path.name, "", lost, missing=True)
    else:
        yield _finding(folder, folder.log_path, partial(logs.described, folder.log_path))
    if not checkpoints:
        yield Finding(folder.checkpoints.name, "", folder.no_checkpoint_message(), missing=True)
    for path in (*checkpoints, *folder.snapshot_paths()):
        if needs:
            yield Finding(path.relative_to(folder.path).as_posix(), "", needs=needs)
        else:
            yield _finding(folder, path, partial(_checkpoint, folder, path))


def replay(folder: runs.Folder, steps: int, display: Display) -> list[str]:
    """Train twice from the newest checkpoint, and compare the results. No file is changed.

    Args:
        folder: the folder of the run.
        steps: the number of steps.
        display: shows the progress.

    Returns:
        The names of the tensors that differ; empty if the steps repeat.

    Raises:
        InputError: the run or its data cannot be read.
    """
    saved, settings = folder.latest(), folder.settings
    device = devices.choose(settings.train.device, settings.train.precision)
    tune_cpu(device)
    images = session.load(settings.data, display)
    if images.fingerprint != folder.fingerprint:
        raise InputError(
            f"{images.name} has other images now than when {folder.path} was trained; "
            "restore them, or verify without `replay`"
        )
    end = saved.header["progress"]["step"] + steps
    limit = {"epochs": None, "steps": end, "budget": None}
    longer = settings.model_copy(update={"train": settings.train.model_copy(update=limit)})
    results: list[dict[str, Tensor]] = []
    with threads(settings.train.threads):
        for _ in range(2):
            with custom_code.of_run(folder.path):
                trainer = session.trainer_of(longer, images, device)
            trainer.restore(dict(saved.tensors), saved.header["progress"])
            for _ in trainer.records():
                display.advance(
                    "replaying", trainer.step - end + steps + steps * len(results), 2 * steps
                )
            results.append({name: tensor.clone() for name, tensor in trainer.state()[0].items()})
    display.close()
    first, second = results
    return [name for name in first if not torch.equal(first[name], second[name])]


def _finding(folder: runs.Folder, path: Path, read: Callable[[], str]) -> Finding:
    name = path.relative_to(folder.path).as_posix()
    try:
        return Finding(name, read())
    except InputError as error:
        return Finding(name, "", str(error))


def _checkpoint(folder: runs.Folder, path: Path) -> str:
    saved = folder.read(path)
    for part in ("model.", EMA_PREFIX):
        if found := saved.part(part):
            with custom_code.of_run(folder.path):
                sampling.check_weights(saved, found)
    total = sum(tensor.nbytes for tensor in saved.tensors.values())
    return f"step {saved.header['progress']['step']:,}, {readable_size(total)} of tensors"


def _settings(folder: runs.Folder) -> str:
    folder.settings  # noqa: B018  # reads and checks the file
    return "settings"
