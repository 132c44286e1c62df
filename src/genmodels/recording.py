"""Where the records of a training go: log, figures, terminal, TensorBoard, checkpoints.

The trainer only yields them; here it is decided what is written and when to save.
"""

import math
import platform
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import torch

import genmodels
from genmodels import checkpoint, pictures, randomness, runs, sampling
from genmodels.data.images import TEST, TRAIN, VALIDATION
from genmodels.errors import Interrupted
from genmodels.models.base import Encodes
from genmodels.report import figures, tensorboard
from genmodels.report.terminal import Display
from genmodels.settings import Settings
from genmodels.training.records import Epoch, Progress
from genmodels.training.trainer import Trainer

GRID = 64  # images in the grid of an epoch
PAIRS = 16  # originals and their reconstructions
CURVE_SECONDS = 30.0


class Recorder:
    """A training under way in its folder."""

    def __init__(self, folder: runs.Folder, settings: Settings, trainer: Trainer, display: Display):
        self.folder, self.settings, self.trainer = folder, settings, trainer
        self.display = display
        self.name = folder.config_name
        self.saved_step, self.saved_at, self.drawn_at = trainer.step, time.monotonic(), -math.inf
        generator = randomness.generator(settings.seed, "grid")
        self.latents = trainer.model.prior(GRID, generator)
        self.told = len(trainer.notes)  # notes that the user has read
        self.events: tensorboard.Events | None = None
        if settings.train.tensorboard:
            self.events = tensorboard.Events(folder.path / "tensorboard")

    def run(self) -> None:
        """Train until the limit or a signal; save in both cases."""
        if self.trainer.finished():
            self.display.say(f"{self.folder.path} is already trained to its limit; nothing to do")
            return
        self.display.say(f"results go to {self.folder.path}")
        with stopped_by_signals() as stop:
            try:
                for record in self.trainer.records(lambda: bool(stop)):
                    self._handle(record)
            finally:
                self.display.close()
        if self.saved_step != self.trainer.step:
            self._save()
        self._draw()
        if stop and not self.trainer.finished():
            raise Interrupted(
                f"stopped at step {self.trainer.step:,} and saved; go on with: "
                f"genmodels train --out {self.folder.path} --resume",
                128 + stop[0],
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
                self._snapshot()
            if time.monotonic() - self.saved_at > self.settings.train.save_every:
                self._save()
            return
        self.folder.append(record.record)
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
            "config": self.settings.plain(),
            "image_shape": list(self.trainer.images.image_shape),
            "num_classes": len(self.trainer.images.classes),
            "fingerprint": self.trainer.images.fingerprint,
            "progress": progress,
            "versions": versions(),
            "saved": now().isoformat(),
        }

    def _save(self) -> None:
        tensors, progress = self.trainer.state()
        path = self.folder.checkpoints / runs.step_name(self.trainer.step)
        checkpoint.save(path, tensors, self._header(progress))
        self.folder.keep_last(self.settings.train.keep)
        self.saved_step, self.saved_at = self.trainer.step, time.monotonic()

    def _snapshot(self) -> None:
        tensors, progress = self.trainer.state()
        weights = {k: v for k, v in tensors.items() if k.startswith(("model.", "average."))}
        path = self.folder.snapshots / runs.step_name(self.trainer.step)
        checkpoint.save(path, weights, self._header(progress))

    def _grid(self, epoch: float) -> None:
        self.trainer.model.eval()
        images = sampling.decode(self.trainer.model, self.latents)
        name = f"epoch-{epoch:04d}.png" if isinstance(epoch, int) else f"epoch-{epoch:09.4f}.png"
        pictures.save_png(pictures.grid(images), self.folder.samples / name)

    def _draw(self) -> None:
        self.drawn_at = time.monotonic()
        records = self.folder.log()
        if records:
            figures.save_curves(records, self.folder.figures / "curves.png", self.name)
        model, images = self.trainer.model.eval(), self.trainer.images
        split = next((s for s in (VALIDATION, TEST, TRAIN) if images.count(s) >= PAIRS), None)
        if isinstance(model, Encodes) and split:
            originals = next(images.batches(split, PAIRS)).images.cpu()
            pairs = torch.stack([originals, sampling.reconstruct(model, originals)], 1)
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


@contextmanager
def stopped_by_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying of them; the second one is deadly.

    Yields:
        A list that is empty until a signal came, and then holds its number.
    """
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may handle signals
        return

    def receive(number: int, frame: Any) -> None:
        if received:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        received.append(number)

    before = {n: signal.signal(n, receive) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def versions() -> dict[str, str]:
    """The versions that numbers may depend on."""
    return {
        "genmodels": genmodels.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)
