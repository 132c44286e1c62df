"""What lies where in a run's folder.

::

    runs/<config>-<date>/
      config.yaml        everything the run depends on, defaults written out
      environment.json   versions, device, data, when and how it was started
      log.jsonl          one flat object for each epoch
      samples/  figures/
      checkpoints/       resumable, the last few
      snapshots/         weights alone, at log-spaced steps
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import filelock

from genmodels import checkpoint, config
from genmodels.checkpoint import Checkpoint
from genmodels.errors import InputError
from genmodels.settings import Settings

HOME = Path("runs")
_STEP = re.compile(r"step-(\d+)\.safetensors")


@dataclass(frozen=True)
class Folder:
    """A run's folder."""

    path: Path

    @property
    def config_path(self) -> Path:
        """The resolved configuration."""
        return self.path / "config.yaml"

    @property
    def environment_path(self) -> Path:
        """Versions, device, data, dates."""
        return self.path / "environment.json"

    @property
    def log_path(self) -> Path:
        """One JSON object a line, one line an epoch."""
        return self.path / "log.jsonl"

    @property
    def samples(self) -> Path:
        """Grids drawn in the course of training."""
        return self.path / "samples"

    @property
    def figures(self) -> Path:
        """Curves and reconstructions."""
        return self.path / "figures"

    @property
    def checkpoints(self) -> Path:
        """Resumable checkpoints."""
        return self.path / "checkpoints"

    @property
    def snapshots(self) -> Path:
        """Weights alone, at log-spaced steps."""
        return self.path / "snapshots"

    @cached_property
    def settings(self) -> Settings:
        """The resolved configuration of the run."""
        return config.read(self.config_path)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The environment the run was started in."""
        return json.loads(self.environment_path.read_text(encoding="utf-8"))

    @property
    def config_name(self) -> str:
        """The configuration's name, such as ``vae`` or ``report/vae``."""
        return self.environment["config"]

    @property
    def fingerprint(self) -> str:
        """Of the images it was trained on."""
        return self.environment["data"]["fingerprint"]

    def create(self, settings: Settings, environment: Mapping[str, Any]) -> None:
        """Make the folder with its configuration and environment.

        Raises:
            InputError: the folder cannot be made or written.
        """
        try:
            for folder in (self.samples, self.figures, self.checkpoints, self.snapshots):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"run folder {self.path} cannot be made: {error.strerror}; "
                "choose another with --out"
            ) from None
        checkpoint.write(self.environment_path, json.dumps(environment, indent=1).encode())
        checkpoint.write(self.config_path, settings.yaml().encode())

    def log(self) -> list[dict[str, Any]]:
        """The records of the log, oldest first; a torn last line is left out."""
        if not self.log_path.exists():
            return []
        whole = self.log_path.read_text(encoding="utf-8").rpartition("\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record to the log.

        Raises:
            InputError: the disk is full or the file is read-only.
        """
        try:
            with self.log_path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise InputError(
                f"{self.log_path} cannot be written: {error.strerror}; free space, then --resume"
            ) from None

    def rewind_log(self, step: int, steps_per_epoch: int) -> None:
        """Drop what the log says beyond a step, and closing records of unfinished epochs,
        so that a resumed run continues it without gap or double."""
        kept = [
            record
            for record in self.log()
            if record["step"] <= step and record["step"] % steps_per_epoch == 0
        ]
        checkpoint.write(self.log_path, "".join(json.dumps(r) + "\n" for r in kept).encode())

    def checkpoint_paths(self) -> list[Path]:
        """Resumable checkpoints, oldest step first."""
        return _by_step(self.checkpoints)

    def snapshot_paths(self) -> list[Path]:
        """Snapshots, oldest step first."""
        return _by_step(self.snapshots)

    def latest(self) -> Checkpoint:
        """Load the checkpoint with the highest step.

        Raises:
            InputError: there is none yet, or it is damaged.
        """
        paths = self.checkpoint_paths()
        if not paths:
            raise InputError(
                f"run {self.path} has no checkpoint yet; "
                f"train it with: genmodels train --out {self.path} --resume"
            )
        return checkpoint.load(paths[-1])

    def keep_last(self, count: int) -> None:
        """Delete all but the ``count`` newest resumable checkpoints."""
        for path in self.checkpoint_paths()[:-count]:
            path.unlink()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for writing; the system releases it when the process dies.

        Raises:
            InputError: another process trains in this folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise InputError(
                f"another process is training in {self.path}; wait for it or choose another --out"
            ) from None
        try:
            yield
        finally:
            lock.release()


def step_name(step: int) -> str:
    """The file name of a checkpoint, which sorts by step."""
    return f"step-{step:09d}.safetensors"


def open_run(path: str | Path) -> Folder:
    """Open a run by its folder, or by its name under ``runs/``.

    Raises:
        InputError: there is no run.
    """
    for candidate in (Path(path), HOME / path):
        folder = Folder(candidate)
        if folder.config_path.is_file() and folder.environment_path.is_file():
            return folder
    known = ", ".join(folder.path.name for folder in listed()[:5])
    raise InputError(
        f"no run at {str(path)!r}; "
        + (f"the newest runs are {known}" if known else "train one with: genmodels train")
    )


def listed(home: Path = HOME) -> list[Folder]:
    """All runs below a folder, newest first."""
    found = [Folder(path.parent) for path in home.glob("**/config.yaml")]
    runs = [folder for folder in found if folder.environment_path.is_file()]
    return sorted(runs, key=lambda folder: folder.environment["started"], reverse=True)


def latest() -> Folder:
    """The newest run under ``runs/``.

    Raises:
        InputError: there is none.
    """
    runs = listed()
    if not runs:
        raise InputError(
            f"there is no run under {HOME}{'/'}; train one with: "
            "genmodels train --config vae.yaml, or name a run's folder"
        )
    return runs[0]


def new_path(config_name: str, now: datetime) -> Path:
    """A folder for a new run: ``runs/<config>-<date>``, numbered where that is taken."""
    base = HOME / f"{config_name.replace('/', '-')}-{now:%Y%m%d-%H%M%S}"
    path, number = base, 2
    while path.exists():
        path, number = base.with_name(f"{base.name}-{number}"), number + 1
    return path


def _by_step(folder: Path) -> list[Path]:
    steps = {
        int(match[1]): path for path in folder.glob("*") if (match := _STEP.fullmatch(path.name))
    }
    return [steps[step] for step in sorted(steps)]
