"""The files of a run.

::

    runs/<config>-<date>/
      config.yaml        the configuration, with all defaults
      environment.json   versions, device, data, time and command of the start
      log.jsonl          one record for each epoch
      code/              the user's modules that the model needs, if any
      samples/  figures/
      checkpoints/       the last few resumable checkpoints
      snapshots/         weights without the optimiser's state, at log-spaced steps
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import filelock

from genmodels import config
from genmodels.config import custom_code
from genmodels.config.settings import Settings
from genmodels.errors import InputError, Untrusted, Unwritable
from genmodels.runs import checkpoint, manifest, steps
from genmodels.runs.checkpoint import Checkpoint
from genmodels.runs.manifest import Environment, Header, Record
from genmodels.system import files

LOCK = ".lock"


@dataclass(frozen=True)
class Folder:
    """The folder of a run."""

    path: Path

    @property
    def config_path(self) -> Path:
        """The file of the resolved configuration."""
        return self.path / "config.yaml"

    @property
    def environment_path(self) -> Path:
        """The file of versions, device, data and dates."""
        return self.path / "environment.json"

    @property
    def log_path(self) -> Path:
        """The file of the log: one JSON object per line, one line per epoch."""
        return self.path / "log.jsonl"

    @property
    def samples(self) -> Path:
        """The folder of sample grids that were saved during training."""
        return self.path / "samples"

    @property
    def figures(self) -> Path:
        """The folder of loss curves and reconstructions."""
        return self.path / "figures"

    @property
    def checkpoints(self) -> Path:
        """The folder of resumable checkpoints."""
        return self.path / "checkpoints"

    @property
    def snapshots(self) -> Path:
        """The folder of snapshots: weights at log-spaced steps."""
        return self.path / "snapshots"

    @cached_property
    def settings(self) -> Settings:
        """The resolved configuration of the run."""
        with custom_code.of_run(self.path):
            return config.read(self.config_path)

    @cached_property
    def environment(self) -> Environment:
        """The content of ``environment.json``.

        Raises:
            InputError: the file is damaged.
        """
        try:
            content = json.loads(self.environment_path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{self.environment_path} cannot be read: {error}") from None
        return manifest.check(Environment, content, self.environment_path)

    @property
    def config_name(self) -> str:
        """The configuration's name, such as ``vae`` or ``report/vae``."""
        return self.environment["config"]

    @property
    def started(self) -> str:
        """The time of the start; it differs between two runs in the same folder."""
        return self.environment["started"]

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the images that the run was trained on."""
        return self.environment["data"]["fingerprint"]

    @property
    def classes(self) -> list[str]:
        """The class names of these images; empty in runs of earlier versions."""
        return self.environment["data"].get("classes", [])

    def check_links(self) -> None:
        """Check that no link in the folder leads out of it.

        So a run from another person cannot make this one read or write files elsewhere.

        Raises:
            InputError: a link does.
        """
        inside = self.path.resolve()
        for path in self.path.rglob("*"):
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                raise InputError(
                    f"{path} is a link that leads out of the run, to {path.readlink()}; if you "
                    "made it, replace it by the file"
                )

    def create(self, settings: Settings, environment: Environment) -> None:
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

    def log(self) -> list[Record]:
        """Return the records of the log, oldest first, without an incomplete last line.

        Raises:
            InputError: a complete line is no record.
        """
        if not self.log_path.exists():
            return []
        records = []
        try:
            complete = self.log_path.read_text(encoding="utf-8").rpartition("\n")[0]
            for number, line in enumerate(complete.splitlines(), 1):
                records.append(json.loads(line))
                if not manifest.is_record(records[-1]):
                    raise ValueError(f"line {number} is no record of an epoch")
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{self.log_path} cannot be read: {error}") from None
        return records

    def append(self, record: Mapping[str, float]) -> None:
        """Append a record to the log.

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
        """Remove records that a resumed run writes again.

        Args:
            recorded: the last step that was in the log when the checkpoint was saved; later
                records are removed.
            steps_per_epoch: records of unfinished epochs are removed too.
        """
        kept = [
            record
            for record in self.log()
            if record["step"] <= recorded and record["step"] % steps_per_epoch == 0
        ]
        files.write(self.log_path, "".join(json.dumps(r) + "\n" for r in kept).encode())

    def checkpoint_paths(self) -> list[Path]:
        """List the resumable checkpoints, oldest first."""
        return list(steps.by_step(self.checkpoints).values())

    @property
    def saved_step(self) -> int | None:
        """The step of the newest checkpoint; None if there is none."""
        return max(steps.by_step(self.checkpoints), default=None)

    def snapshot_paths(self) -> list[Path]:
        """List the snapshots, oldest first."""
        return list(steps.by_step(self.snapshots).values())

    def snapshots_before(self, step: int) -> list[Path]:
        """List the snapshots of earlier steps, oldest first."""
        by_step = steps.by_step(self.snapshots)
        return [path for earlier, path in by_step.items() if earlier < step]

    def read(self, path: Path) -> Checkpoint:
        """Load a checkpoint or a snapshot of this run.

        Raises:
            InputError: the file is damaged, or of no run.
        """
        found = checkpoint.load(path)
        with custom_code.of_run(self.path):
            header = manifest.check(Header, found.header, path)
        return Checkpoint(path, header, found.tensors)

    def latest(self) -> Checkpoint:
        """Load the checkpoint with the highest step.

        Raises:
            InputError: a link leads out of the folder, or there is no checkpoint yet, or it is
                damaged; the message then names the newest readable one.
        """
        self.check_links()
        paths = self.checkpoint_paths()
        if not paths:
            raise InputError(
                f"run {self.path} has no checkpoint yet; "
                f"train it with: `train(out={self.path}, resume=True)`"
            )
        try:
            return self.read(paths[-1])
        except Untrusted:
            raise
        except InputError as error:
            readable = next((path for path in reversed(paths[:-1]) if self._reads(path)), None)
            todo = "no other checkpoint can be read: restore one from a copy, or train again"
            if readable:
                todo = f"delete it to continue from {readable.name}, which can be read"
            raise InputError(f"{error}; {todo}") from None

    def _reads(self, path: Path) -> bool:
        try:
            self.read(path)
        except InputError:
            return False
        return True

    def keep_last(self, count: int, spare: Path | None = None) -> None:
        """Delete all but the newest resumable checkpoints.

        Files that this run has not written are kept.

        Args:
            count: number of checkpoints to keep.
            spare: one more to keep, such as the one that the run was resumed from.
        """
        for path in self.checkpoint_paths()[:-count]:
            if path != spare and checkpoint.peek(path).get("started") == self.started:
                path.unlink()

    def sweep(self) -> None:
        """Delete incomplete files of a killed process. The folder must be locked."""
        for folder in (self.checkpoints, self.snapshots):
            for path in folder.glob(".*"):
                if steps.is_part(path.name) and path.is_file():
                    path.unlink()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the folder for writing; the system releases the lock when the process ends.

        Raises:
            InputError: another process trains in this folder.
        """
        lock = filelock.FileLock(self.path / LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise InputError(
                f"another process is training in {self.path}; wait for it or choose another `out`"
            ) from None
        except OSError as why:
            raise InputError(f"{why.filename}: {why.strerror}; choose another `out`") from None
        try:
            yield
        finally:
            lock.release()
