"""The files of a run.

::

    runs/<config>-<date>/
      config.yaml        the configuration, with all defaults
      environment.json   versions, device, data, time and command of the start
      log.jsonl          one record for each epoch and for each measurement of copies
      code/              the user's modules that the model needs, if any
      samples/  figures/
      checkpoints/       the last few resumable checkpoints
      snapshots/         weights without the optimiser's state, at log-spaced steps
"""

import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from genmodels import config
from genmodels.config import custom_code
from genmodels.config.settings import Settings
from genmodels.errors import InputError, Untrusted, argument, first_of
from genmodels.runs import checkpoint, lock, logs, manifest, steps
from genmodels.runs.checkpoint import Checkpoint
from genmodels.runs.manifest import Environment, Header, Record
from genmodels.system import files


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
        """The file of the log: one JSON object per line, for an epoch or for copies."""
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

    def missing_files(self) -> list[str]:
        """List the files that every command needs, and that the folder does not have."""
        needed = [self.config_path, self.environment_path]
        return [path.name for path in needed if not os.path.exists(path)]

    def check_complete(self) -> None:
        """Check that a folder in which was trained has the files that every command needs.

        Raises:
            InputError: it lacks one.
        """
        traces = [*self.checkpoint_paths(), *self.snapshot_paths(), self.log_path]
        lost = self.missing_files()
        if lost and any(path.exists() for path in traces):
            raise InputError(
                f"{self.path} has files of a training and no {' and no '.join(lost)}; restore "
                f"{'them' if len(lost) > 1 else 'that file'} from a copy, or take another run"
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
        """Return the records of the epochs, oldest first.

        Raises:
            InputError: the file is damaged.
        """
        return [record for record in logs.read(self.log_path) if not logs.is_of_copies(record)]

    def copies(self) -> list[Record]:
        """Return the records of the copies among samples, oldest first.

        Raises:
            InputError: the file is damaged.
        """
        return [record for record in logs.read(self.log_path) if logs.is_of_copies(record)]

    def append(self, record: Mapping[str, float]) -> None:
        """Append a record to the log, as :func:`genmodels.runs.logs.append` does."""
        logs.append(self.log_path, record)

    def rewind_log(self, step: int, recorded: int, steps_per_epoch: int) -> None:
        """Remove records of the log, as :func:`genmodels.runs.logs.rewind` does."""
        logs.rewind(self.log_path, step, recorded, steps_per_epoch)

    def checkpoint_paths(self) -> list[Path]:
        """List the resumable checkpoints, oldest first."""
        return list(steps.by_step(self.checkpoints).values())

    @property
    def saved_step(self) -> int | None:
        """The step of the newest checkpoint; None if there is none, 0 if it is untrained."""
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
            InputError: the file is damaged, or of another run or none.
        """
        return self._own(self._load(path))

    def _load(self, path: Path) -> Checkpoint:
        """Load a checkpoint of any run."""
        found = checkpoint.load(path)
        with custom_code.of_run(self.path):
            header = manifest.check(Header, found.header, path)
        return Checkpoint(path, header, found.tensors)

    def _own(self, found: Checkpoint) -> Checkpoint:
        """Return a checkpoint, after checking that it is of this run.

        Raises:
            InputError: what it was trained with differs from the files of the run.
        """
        with custom_code.of_run(self.path):
            differences = manifest.differences(found.header, self.settings, self.environment)
        if differences:
            raise InputError(
                f"{self.path} is not the run that saved {found.path} "
                f"({first_of(differences)}); restore the file that was changed"
            )
        return found

    def latest(self) -> Checkpoint:
        """Load the checkpoint with the highest step.

        Raises:
            InputError: a link leads out of the folder, or there is no checkpoint yet, or it is of
                another run or damaged; the message then names the newest readable one.
        """
        self.check_links()
        paths = self.checkpoint_paths()
        if not paths:
            raise InputError(self.no_checkpoint_message())
        try:
            found = self._load(paths[-1])
        except Untrusted:
            raise
        except InputError as error:
            readable = next((path for path in reversed(paths[:-1]) if self._reads(path)), None)
            todo = "no other checkpoint can be read: restore one from a copy, or train again"
            if readable:
                todo = f"delete it to continue from {readable.name}, which can be read"
            raise InputError(f"{error}; {todo}") from None
        return self._own(found)

    def no_checkpoint_message(self) -> str:
        """Return the message that the run has no checkpoint."""
        todo = f"start a new run, or train it with: `train(out={argument(self.path)}, resume=True)`"
        if lock.is_held(self.path):
            todo = "a process is training it: wait until it has saved one"
        return f"run {self.path} has no checkpoint; {todo}"

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

    def lock(self) -> AbstractContextManager[None]:
        """Lock the folder for writing, as :func:`genmodels.runs.lock.held` does."""
        return lock.held(self.path)
