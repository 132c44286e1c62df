"""Where the records of a training go: log, figures, terminal, TensorBoard, checkpoints.

The trainer only yields them; here it is decided what is written and when to save.
"""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from genmodels import runs, sampling
from genmodels.config.settings import Settings
from genmodels.console import Display
from genmodels.data import pictures
from genmodels.data.images import TEST, TRAIN, VALIDATION
from genmodels.errors import InputError, Interrupted, NotFinite, Unwritable
from genmodels.models.base import Encodes
from genmodels.runs import checkpoint
from genmodels.system import memory, randomness
from genmodels.system.provenance import now, versions
from genmodels.system.signals import stopped_by_signals
from genmodels.training import fitting, tensorboard
from genmodels.training.records import Epoch, Progress
from genmodels.training.trainer import Trainer

GRID = 64  # images in the grid of an epoch
GRID_EPOCHS = 10  # that have a grid each, however short
GRID_STEPS = 50  # between two grids at least, of the epochs after those
PAIRS = 16  # originals and their reconstructions
CURVE_SECONDS = 30.0
UNSAVED = 5  # saves in a row that may fail before training stops
ROLLBACKS = 3  # times that a run goes back because a number was not finite


class Recorder:
    """A training under way in its folder."""

    def __init__(self, folder: runs.Folder, settings: Settings, trainer: Trainer, display: Display):
        self.folder, self.settings, self.trainer = folder, settings, trainer
        self.display = display
        self.name = folder.config_name
        self.saved = (trainer.step, trainer.recorded)
        self.saved_at, self.drawn_at = time.monotonic(), -math.inf
        self.told = len(trainer.notes)  # notes that the user has read
        self.unsaved = 0  # saves in a row that failed
        self.unlogged: list[dict[str, Any]] = []  # records that are not on the disk yet
        self.complained = ""
        newest = folder.checkpoint_paths()[-1:]
        self.resumed_from = newest[0] if trainer.step and newest else None
        self.events: tensorboard.Events | None = None
        if settings.train.tensorboard:
            self.events = tensorboard.Events(folder.path / "tensorboard")

    def run(self) -> None:
        """Train until the limit or a signal; save in both cases.

        Raises:
            Interrupted: a signal came.
            NotFinite: a number was NaN or infinite, more often than the run may go back.
            Unwritable: the run cannot be saved; what was saved before is as it was.
        """
        if self.trainer.done():
            if fitting.left(self.trainer):
                self._fit()
                return
            self.display.say(f"{self.folder.path} is already trained to its limit; nothing to do")
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
                    raise InputError(self._out_of_memory(error)) from None
                finally:
                    self.display.close()
        if stop and not self.trainer.done():
            raise Interrupted(
                f"stopped at step {self.trainer.step:,} and saved; go on with: "
                f"`train(out={self.folder.path}, resume)`",
                128 + stop[0],
            )

    def _train(self, stop: list[int]) -> None:
        if self.settings.train.on_nan == "rollback" and not self.folder.checkpoint_paths():
            self._save()  # somewhere to go back to
        for record in self.trainer.records(lambda: bool(stop)):
            self._handle(record)
        self.display.close()
        self._write_log()
        if self.saved != (self.trainer.step, self.trainer.recorded):
            self._save()
        if fitting.left(self.trainer) and self.trainer.done():
            self._fit()
        if not stop:
            self._draw()

    def _fit(self) -> None:
        """Fit what comes after the last step, and show what it generates now."""
        self.display.say("fitting the density of the codes, beyond the limit of the steps")
        before = self.trainer.seconds
        fitting.fit(self.trainer)
        self.display.say(
            f"fitted in {self.trainer.seconds - before:.0f} s, which count as training"
        )
        self._save()
        with self._tolerant():
            self._grid(self.folder.log()[-1]["epoch"])

    def _out_of_memory(self, error: BaseException) -> str:
        asked, peak = memory.asked(error), self.trainer.device.peak_memory()
        used = f" after {peak:,.0f} MiB at most" if peak else ""
        return (
            f"memory ran out at step {self.trainer.step + 1:,}"
            + (f" when {asked} more were asked for{used}" if asked else used)
            + f": lower train.batch_size, now {self.settings.train.batch_size}, or the widths of "
            "the model's network; checkpoints are as they were"
        )

    def _roll_back(self, error: NotFinite) -> None:
        """Go back to the newest checkpoint, at half the learning rates.

        Raises:
            NotFinite: it may not, or did so too often.
        """
        if self.settings.train.on_nan == "stop":
            raise error
        if self.trainer.rollbacks >= ROLLBACKS:
            raise NotFinite(error.what, f"after {ROLLBACKS} rollbacks; {self.trainer.advice}")
        saved = self.folder.latest()
        self.trainer.roll_back(dict(saved.tensors), dict(saved.header["progress"]))
        self.folder.rewind_log(self.trainer.recorded, self.trainer.steps_per_epoch)
        self.unlogged.clear()
        self.saved = (self.trainer.step, self.trainer.recorded)
        self.display.say(
            f"{error.what}: back to step {self.trainer.step:,}, learning rates halved "
            f"({self.trainer.rollbacks} of {ROLLBACKS} times)"
        )

    def _handle(self, record: Progress | Epoch) -> None:
        for note in self.trainer.notes[self.told :]:
            self.display.say(note)
        self.told = len(self.trainer.notes)
        if isinstance(record, Progress):
            share, left = self._share(record)
            losses = {
                name.removesuffix(".loss"): value
                for name, value in record.terms.items()
                if name.endswith(".loss")
            }
            self.display.training(share, record.step, record.rate, left, losses)
            if record.snapshot:
                with self._tolerant():
                    self._snapshot()
            if time.monotonic() - self.saved_at > self.settings.train.save_every:
                self._save_on_the_way()
            return
        self.unlogged.append(record.record)
        with self._tolerant():
            self._write_log()
            if self._shows(record.record["epoch"]):
                self._grid(record.record["epoch"])
            if self.events:
                self.events.write(record.record)
            if time.monotonic() - self.drawn_at > CURVE_SECONDS:
                self._draw()

    def _share(self, record: Progress) -> tuple[float, float]:
        """The share of the work that is done, and the seconds that are left."""
        budget, total = self.settings.train.budget, self.trainer.total_steps
        if budget is not None:
            return min(1.0, record.seconds / budget), max(0.0, budget - record.seconds)
        assert total is not None
        size = self.settings.train.batch_size
        return record.step / total, (total - record.step) * size / record.rate

    def _header(self, progress: Mapping[str, Any]) -> dict[str, Any]:
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
        tensors, progress = self.trainer.state()
        self._write(self.folder.checkpoints, tensors, progress)
        self.folder.keep_last(self.settings.train.keep, self.resumed_from)
        self.saved, self.saved_at = (self.trainer.step, self.trainer.recorded), time.monotonic()
        self.unsaved = 0

    def _save_on_the_way(self) -> None:
        """Save, or train on without for some more intervals: space may be freed meanwhile."""
        try:
            self._save()
        except Unwritable as error:
            self.unsaved += 1
            self.saved_at = time.monotonic()
            if self.unsaved == UNSAVED:
                raise
            self.display.say(
                f"{error}; training goes on and tries again, {UNSAVED - self.unsaved} more times"
            )

    def _write_log(self) -> None:
        while self.unlogged:
            self.folder.append(self.unlogged[0])
            del self.unlogged[0]

    @contextmanager
    def _tolerant(self) -> Iterator[None]:
        """Say what cannot be written, and train on."""
        try:
            yield
        except Unwritable as error:
            if str(error) != self.complained:
                self.complained = str(error)
                self.display.say(f"{error}; training goes on")

    def _snapshot(self) -> None:
        tensors, progress = self.trainer.state()
        kept = ("model.", checkpoint.EMA_PREFIX)
        weights = {name: value for name, value in tensors.items() if name.startswith(kept)}
        self._write(self.folder.snapshots, weights, progress)

    def _write(
        self, place: Path, tensors: Mapping[str, torch.Tensor], progress: Mapping[str, Any]
    ) -> None:
        step = self.trainer.step
        try:
            checkpoint.save(place / runs.step_name(step), tensors, self._header(progress))
        except NotFinite as error:
            raise NotFinite(f"{error.what} after step {step:,}", self.trainer.advice) from None

    def _shows(self, epoch: float) -> bool:
        """Whether a grid is drawn: of epochs of a step or two it would take most of the time."""
        every = math.ceil(GRID_STEPS / self.trainer.steps_per_epoch)
        return epoch <= GRID_EPOCHS or epoch % every == 0 or self.trainer.finished()

    def _grid(self, epoch: float) -> None:
        model, seed = self.trainer.model.eval(), self.settings.seed
        classes = model.num_classes
        rows = GRID // classes if classes else 0  # of a grid with a column for each class
        labels = sampling.labels(model, rows or GRID, seed, sampling.EACH if rows else None)
        count = GRID if labels is None else len(labels)
        latents = model.prior(count, randomness.generator(seed, "grid"), labels)
        images = sampling.decode(model, latents, labels)
        name = f"epoch-{epoch:04d}.png" if isinstance(epoch, int) else f"epoch-{epoch:09.4f}.png"
        pictures.save_png(
            pictures.grid(images, classes if rows else None), self.folder.samples / name
        )

    def _draw(self) -> None:
        self.drawn_at = time.monotonic()
        records = self.folder.log()
        if records:
            from genmodels.training import curves  # matplotlib takes a second to load

            curves.save_curves(records, self.folder.figures / "curves.png", self.name)
        model, images = self.trainer.model.eval(), self.trainer.images
        split = next((s for s in (VALIDATION, TEST, TRAIN) if images.count(s) >= PAIRS), None)
        if isinstance(model, Encodes) and split:
            batch = next(images.batches(split, PAIRS))
            originals = batch.images.cpu()
            again = sampling.reconstruct(model, originals, batch.labels)
            pairs = torch.stack([originals, again], 1)
            sheet = pictures.grid(pairs.flatten(0, 1), columns=8)
            pictures.save_png(sheet, self.folder.figures / "reconstructions.png")


def follow(trainer: Trainer) -> None:
    """Train along in a process that is not the first one, and record nothing.

    Raises:
        Interrupted: a signal came.
    """
    with stopped_by_signals() as stop:
        for _ in trainer.records(lambda: bool(stop)):
            pass
        if stop and not trainer.finished():
            raise Interrupted(f"stopped at step {trainer.step:,}", 128 + stop[0])
