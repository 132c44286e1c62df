"""The recorder of a training: it writes the log, figures and checkpoints.

The trainer only yields records. This module decides what is written, and when to save.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from genmodels import runs
from genmodels.config.settings import Settings
from genmodels.console import Display
from genmodels.errors import InputError, Interrupted, NotFinite, Unwritable, argument
from genmodels.runs import checkpoint
from genmodels.runs.manifest import Header, Record, SavedProgress
from genmodels.system import memory
from genmodels.system.provenance import now, versions
from genmodels.system.signals import stopped_by_signals
from genmodels.training import failures, figures, fitting, saving
from genmodels.training.copy_monitor import CopyMonitor
from genmodels.training.loggers import Logger
from genmodels.training.records import Epoch, Progress
from genmodels.training.slowness import Pace
from genmodels.training.trainer import Trainer

CURVE_SECONDS = 30.0  # between two drawings of the loss curves
MAX_FAILED_SAVES = 5  # in a row, after which training stops


class Recorder:
    """Records a training in the folder of its run.

    Args:
        folder: the folder of the run.
        settings: the settings of the run.
        trainer: the trainer, at its first step or restored from a checkpoint.
        display: shows the progress.
        loggers: other programs that the log goes to.
    """

    def __init__(
        self,
        folder: runs.Folder,
        settings: Settings,
        trainer: Trainer,
        display: Display,
        loggers: Sequence[Logger],
    ):
        self.folder, self.settings, self.trainer = folder, settings, trainer
        self.display, self.loggers = display, loggers
        self.name = folder.config_name
        self.saved = (trainer.step, trainer.recorded)
        self.saved_at = self.drawn_at = time.monotonic()
        self.shown_notes = len(trainer.notes)
        self.failed_saves = 0  # in a row
        self.unlogged: list[Record] = []  # records that are not written yet
        self.last_warning = ""
        on_cpu = trainer.device.device.type == "cpu"
        self.pace = Pace(torch.get_num_threads() if on_cpu else None)
        self.copy_monitor = CopyMonitor(trainer, folder.copies())
        newest = folder.checkpoint_paths()[-1:]
        self.resumed_from = newest[0] if trainer.step and newest else None

    def run(self) -> None:
        """Train until the limit or a signal, and save in both cases.

        Raises:
            Interrupted: a signal stopped the training.
            NotFinite: a number was NaN or infinite, and the run may not roll back again.
            InputError: memory ran out.
            Unwritable: the run cannot be saved; earlier checkpoints are unchanged.
        """
        if self.trainer.is_complete():
            if fitting.is_pending(self.trainer):
                self._fit()
                return
            self.display.say(
                f"{self.folder.path} is already trained to step {self.trainer.step:,}, and the "
                f"limit is {self.settings.train.limit}: nothing to do; a higher limit goes on"
            )
            return
        self.display.say(f"results go to {self.folder.path}")
        with stopped_by_signals() as stop:
            while True:
                try:
                    self._train(stop)
                    break
                except NotFinite as error:
                    self._roll_back(error)
                except (RuntimeError, MemoryError) as error:
                    if not memory.ran_out(error):
                        raise
                    raise InputError(failures.out_of_memory(error, self.trainer)) from None
                finally:
                    self.display.close()
        if stop and not self.trainer.is_complete():
            raise Interrupted(
                f"stopped at step {self.trainer.step:,} and saved",
                128 + stop[0],
                f"go on with: `train(out={argument(self.folder.path)}, resume=True)`",
            )

    def _train(self, stop: list[int]) -> None:
        """Handle all records, then save and draw."""
        if self.settings.train.on_nan == "rollback" and not self.folder.checkpoint_paths():
            self._save()  # so that there is a checkpoint to roll back to
        for record in self.trainer.records(lambda: bool(stop)):
            self._handle(record)
        self.display.close()
        self._write_log()
        if self.saved != (self.trainer.step, self.trainer.recorded):
            self._save()
        if fitting.is_pending(self.trainer) and self.trainer.is_complete():
            self._fit()
        if not stop:
            self._draw()

    def _fit(self) -> None:
        """Fit the density of the codes, and draw a grid of samples with it."""
        self.display.say("fitting the density of the codes, after the last step")
        before = self.trainer.seconds
        fitting.fit(self.trainer)
        self.display.say(
            f"fitted in {self.trainer.seconds - before:.0f} s, which count as training time"
        )
        self._save()
        with self._continue_if_unwritable():
            self._grid(self.trainer.when()["epoch"])

    def _roll_back(self, error: NotFinite) -> None:
        """Go back to the newest checkpoint, with half the learning rates.

        Raises:
            NotFinite: the settings do not allow it, or it happened too often.
        """
        gave_up = self.trainer.rollbacks >= failures.MAX_ROLLBACKS
        if gave_up or self.settings.train.on_nan == "stop":
            raise failures.not_finite(error, self.trainer, self.folder)
        saved = self.folder.latest()
        self.trainer.roll_back(dict(saved.tensors), saved.header["progress"])
        where = self.trainer.step, self.trainer.recorded, self.trainer.steps_per_epoch
        self.folder.rewind_log(*where)
        self.copy_monitor.restart(self.folder.copies())
        self.unlogged.clear()
        self.saved = (self.trainer.step, self.trainer.recorded)
        self.display.say(
            f"{error.what}: back to step {self.trainer.step:,}, learning rates halved "
            f"({self.trainer.rollbacks} of {failures.MAX_ROLLBACKS} times)"
        )

    def _handle(self, record: Progress | Epoch) -> None:
        """Show progress and save in time, or write the record of an epoch."""
        for note in self.trainer.notes[self.shown_notes :]:
            self.display.say_once(note)
        self.shown_notes = len(self.trainer.notes)
        if isinstance(record, Progress):
            share, left = self._share(record)
            losses = {
                name.removesuffix(".loss"): value
                for name, value in record.terms.items()
                if name.endswith(".loss")
            }
            self.display.training(share, record.step, record.rate, left, losses)
            if slow := self.pace.check(record.images, record.seconds):
                self.display.say(slow)
            with self._continue_if_unwritable():
                if record.snapshot:
                    self._snapshot()
                if self.copy_monitor.is_due():
                    self._watch_copies()
            every = self.settings.train.save_every
            if saving.is_due(self.folder, self.saved_at, every, self.failed_saves):
                self._try_to_save()
            return
        self.unlogged.append(record.record)
        with self._continue_if_unwritable():
            self._write_log()
            if self._has_grid(record.record["epoch"]):
                self._grid(record.record["epoch"])
            for logger in self.loggers:
                logger.log(record.record)
            if time.monotonic() - self.drawn_at > CURVE_SECONDS:
                self._draw()

    def _watch_copies(self) -> None:
        """Measure copies among samples, and say where copying begins."""
        try:
            if not (record := self.copy_monitor.measure()):
                return
        except InputError as error:
            self.display.say_once(f"copies among samples cannot be counted now: {error}")
            return
        if warning := self.copy_monitor.warning():
            self.display.say(warning)
        self.unlogged.append(record)
        self._write_log()
        for logger in self.loggers:
            logger.log(record)

    def _share(self, record: Progress) -> tuple[float, float]:
        """Return the share of the training that is done, and the seconds that are left."""
        budget, total = self.settings.train.budget, self.trainer.total_steps
        if budget is not None:
            return min(1.0, record.seconds / budget), max(0.0, budget - record.seconds)
        assert total is not None
        size = self.settings.train.batch_size
        return record.step / total, (total - record.step) * size / record.rate

    def _header(self, progress: SavedProgress) -> Header:
        """Return the header of a checkpoint."""
        return {
            "run": self.name,
            "started": self.folder.started,
            "config": self.settings.plain(),
            "image_shape": list(self.trainer.images.image_shape),
            "class_shares": list(self.trainer.images.class_shares),
            "fingerprint": self.trainer.images.fingerprint,
            "progress": progress,
            "versions": versions(),
            "saved": now().isoformat(),
        }

    def _save(self) -> None:
        """Write a checkpoint, and remove old ones."""
        tensors, progress = self.trainer.state()
        self._write(self.folder.checkpoints, tensors, progress)
        self.folder.keep_last(self.settings.train.keep, self.resumed_from)
        self.saved, self.saved_at = (self.trainer.step, self.trainer.recorded), time.monotonic()
        self.failed_saves = 0

    def _try_to_save(self) -> None:
        """Save, or continue without for some intervals, in which space may be freed."""
        try:
            self._save()
        except Unwritable as error:
            self.failed_saves += 1
            self.saved_at = time.monotonic()
            if self.failed_saves == MAX_FAILED_SAVES:
                raise
            left = MAX_FAILED_SAVES - self.failed_saves
            self.display.say(f"{error}; training goes on and tries again, {left} more times")

    def _write_log(self) -> None:
        """Append the records that are not in the log yet."""
        while self.unlogged:
            self.folder.append(self.unlogged[0])
            del self.unlogged[0]

    @contextmanager
    def _continue_if_unwritable(self) -> Iterator[None]:
        """Continue training if a file cannot be written, and warn once for each reason."""
        try:
            yield
        except Unwritable as error:
            if str(error) != self.last_warning:
                self.last_warning = str(error)
                self.display.say(f"{error}; training goes on")

    def _snapshot(self) -> None:
        """Write the weights and EMA weights alone."""
        tensors, progress = self.trainer.state()
        prefixes = ("model.", checkpoint.EMA_PREFIX)
        weights = {name: value for name, value in tensors.items() if name.startswith(prefixes)}
        self._write(self.folder.snapshots, weights, progress)

    def _write(
        self, place: Path, tensors: Mapping[str, torch.Tensor], progress: SavedProgress
    ) -> None:
        """Write a checkpoint file into a folder."""
        step = self.trainer.step
        try:
            checkpoint.save(place / runs.step_name(step), tensors, self._header(progress))
        except NotFinite as error:
            raise NotFinite(f"{error.what} after step {step:,}") from None

    def _has_grid(self, epoch: float) -> bool:
        """Return whether a grid is drawn after an epoch."""
        return self.trainer.limit_reached() or figures.has_grid(epoch, self.trainer.steps_per_epoch)

    def _grid(self, epoch: float) -> None:
        """Draw samples from the same latents each time."""
        name = f"epoch-{epoch:04d}.png" if isinstance(epoch, int) else f"epoch-{epoch:09.4f}.png"
        began = time.perf_counter()
        figures.save_grid(self.trainer.model, self.settings.seed, self.folder.samples / name)
        self.copy_monitor.grid_drawn(time.perf_counter() - began)

    def _draw(self) -> None:
        """Draw the curves and, for models that encode, reconstructions."""
        self.drawn_at = time.monotonic()
        records = self.folder.log()
        if records:
            from genmodels.training import curves  # matplotlib takes a second to load

            path = self.folder.figures / "curves.png"
            curves.save_curves(records, path, self.name, self.folder.copies())
        path = self.folder.figures / "reconstructions.png"
        figures.save_reconstructions(self.trainer.model, self.trainer.images, path)
