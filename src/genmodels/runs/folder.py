"""What lies where in a run's folder.

::

    runs/<config>-<date>/
      config.yaml        everything the run depends on, defaults written out
      environment.json   versions, device, data, when and how it was started
      log.jsonl          one flat object for each epoch
      code/              modules of the user's own that the model needs, if any
      samples/  figures/
      checkpoints/       resumable, the last few
      snapshots/         weights alone, at log-spaced steps
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import filelock

from genmodels import config
from genmodels.config import custom_code
from genmodels.config.settings import Settings
from genmodels.errors import InputError, Untrusted, Unwritable
from genmodels.runs import checkpoint, manifest, steps
from genmodels.runs.checkpoint import Checkpoint
from genmodels.system import files

LOCK = ".lock"


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
        with custom_code.of_run(self.path):
            return config.read(self.config_path)

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The environment the run was started in.

        Raises:
            InputError: the file is damaged.
        """
        try:
            content = json.loads(self.environment_path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{self.environment_path} cannot be read: {error}") from None
        manifest.check(manifest.Environment, content, self.environment_path)
        return content

    @property
    def config_name(self) -> str:
        """The configuration's name, such as ``vae`` or ``report/vae``."""
        return self.environment["config"]

    @property
    def started(self) -> str:
        """When it was started: no two runs in one folder share it."""
        return self.environment["started"]

    @property
    def fingerprint(self) -> str:
        """Of the images it was trained on."""
        return self.environment["data"]["fingerprint"]

    @property
    def classes(self) -> list[str]:
        """The names of the classes of these images; none in runs of versions before."""
        return self.environment["data"].get("classes", [])

    def check_links(self) -> None:
        """Refuse a folder whose links lead out of it: what somebody else made reads and
        writes nothing elsewhere.

        Raises:
            InputError: one does.
        """
        inside = self.path.resolve()
        for path in self.path.rglob("*"):
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                raise InputError(
                    f"{path} is a link that leads out of the run, to {path.readlink()}; if it is "
                    "yours, put the file there instead"
                )

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
                "choose another with `out`"
            ) from None
        files.write(self.environment_path, json.dumps(environment, indent=1).encode())
        files.write(self.config_path, settings.yaml().encode())
        custom_code.keep(settings.model, self.path)

    def log(self) -> list[dict[str, Any]]:
        """The records of the log, oldest first; a torn last line is left out.

        Raises:
            InputError: a line before it is no record.
        """
        if not self.log_path.exists():
            return []
        records = []
        try:
            complete = self.log_path.read_text(encoding="utf-8").rpartition("\n")[0]
            for number, line in enumerate(complete.splitlines(), 1):
                records.append(json.loads(line))
                if not isinstance(records[-1], dict) or type(records[-1].get("step")) is not int:
                    raise ValueError(f"line {number} is no record of an epoch")
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{self.log_path} cannot be read: {error}") from None
        return records

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one record to the log.

        Raises:
            Unwritable: the disk is full or the file is read-only.
        """
        try:
            with self.log_path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise Unwritable(
                f"{self.log_path} cannot be written: {error.strerror}; free space, then `resume`"
            ) from None

    def rewind_log(self, recorded: int, steps_per_epoch: int) -> None:
        """Drop what the log says beyond the last step that was recorded when the run was saved,
        and closing records of unfinished epochs, so that a resumed run continues it without
        gap or double."""
        kept = [
            record
            for record in self.log()
            if record["step"] <= recorded and record["step"] % steps_per_epoch == 0
        ]
        files.write(self.log_path, "".join(json.dumps(r) + "\n" for r in kept).encode())

    def checkpoint_paths(self) -> list[Path]:
        """Resumable checkpoints, oldest step first."""
        return list(steps.by_step(self.checkpoints).values())

    @property
    def saved_step(self) -> int | None:
        """The step of the newest checkpoint; None if there is none."""
        return max(steps.by_step(self.checkpoints), default=None)

    def snapshot_paths(self) -> list[Path]:
        """Snapshots, oldest step first."""
        return list(steps.by_step(self.snapshots).values())

    def snapshots_before(self, step: int) -> list[Path]:
        """Those of earlier steps, oldest first."""
        return [path for at, path in steps.by_step(self.snapshots).items() if at < step]

    def read(self, path: Path) -> Checkpoint:
        """Load a checkpoint or a snapshot of this run.

        Raises:
            InputError: it is damaged, or lies outside the folder.
        """
        found = checkpoint.load(path)
        with custom_code.of_run(self.path):
            manifest.check(manifest.Header, found.header, path)
        return found

    def latest(self) -> Checkpoint:
        """Load the checkpoint with the highest step.

        Raises:
            InputError: there is none yet, or it is damaged; the message offers the newest
                one that can be read.
        """
        paths = self.checkpoint_paths()
        if not paths:
            raise InputError(
                f"run {self.path} has no checkpoint yet; "
                f"train it with: `train(out={self.path}, resume)`"
            )
        try:
            return self.read(paths[-1])
        except Untrusted:
            raise
        except InputError as error:
            readable = next((path for path in reversed(paths[:-1]) if self._reads(path)), None)
            todo = "no other of this run can be read: restore one from a copy, or train again"
            if readable:
                todo = f"delete it to go on from {readable.name}, which can be read"
            raise InputError(f"{error}; {todo}") from None

    def _reads(self, path: Path) -> bool:
        try:
            self.read(path)
        except InputError:
            return False
        return True

    def keep_last(self, count: int, spare: Path | None = None) -> None:
        """Delete all but the newest resumable checkpoints.

        Args:
            count: how many stay.
            spare: one more that stays, such as the one that the run was resumed from.

        What this run has not written stays too, whatever it is called.
        """
        for path in self.checkpoint_paths()[:-count]:
            if path != spare and checkpoint.peek(path).get("started") == self.started:
                path.unlink()

    def sweep(self) -> None:
        """Delete what a killed process had begun to write; only while the folder is locked."""
        for folder in (self.checkpoints, self.snapshots):
            for path in folder.glob(".*"):
                if steps.is_part(path.name):
                    path.unlink()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for writing; the system releases it when the process dies.

        Raises:
            InputError: another process trains in this folder.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.path / LOCK)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise InputError(
                f"another process is training in {self.path}; wait for it or choose another `out`"
            ) from None
        try:
            yield
        finally:
            lock.release()
