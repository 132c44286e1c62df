"""One training from a configuration to a run's folder.

The trainer yields records; here they go to the log, the figures, the terminal and
TensorBoard, and here it is decided when to save.
"""

import math
import platform
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import genmodels
from genmodels import checkpoint, config, construct, data, pictures, randomness, runs, sampling
from genmodels import device as devices
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.errors import InputError, Interrupted
from genmodels.models.base import Encodes, Model
from genmodels.report import figures
from genmodels.report.terminal import Display
from genmodels.training.trainer import Epoch, Progress, Trainer

GRID = 64  # images in the grid of an epoch
PAIRS = 16  # originals and their reconstructions
CURVE_SECONDS = 30.0


def read_settings(
    source: str | Path | None, layers: Sequence[Mapping[str, Any]], resumed: runs.Folder | None
) -> config.Settings:
    """Read a configuration, or the one of the run that is resumed."""
    if source is None:
        if resumed is None:
            raise InputError("train needs --config, a preset such as vae.yaml or a path")
        source = resumed.config_path
    return config.read(source, layers)


def name_of(source: str | Path) -> str:
    """A configuration's name: ``report/vae`` for that preset, the stem for a path."""
    text = Path(source).as_posix().removesuffix(".yaml")
    return text if f"{text}.yaml" in config.presets() else Path(text).name


def train(
    settings: config.Settings,
    name: str,
    out: Path | None,
    resume: bool,
    display: Display,
) -> runs.Folder:
    """Train what the settings say.

    Args:
        settings: everything the run depends on.
        name: of the configuration.
        out: the run's folder; a new one under ``runs/`` by default.
        resume: go on with the run in ``out``, or with the latest of that name.
        display: where progress is shown.

    Returns:
        The run's folder.

    Raises:
        InputError: something that was given cannot be used; nothing is half-written.
        Interrupted: a signal came; the run was saved.
    """
    device = devices.choose(settings.train.device, settings.train.precision)
    folder = runs.Folder(out or (_resumable(name) if resume else runs.new_path(name, _now())))
    if not resume and folder.path.is_dir() and any(folder.path.iterdir()):
        raise InputError(
            f"run folder {folder.path} is in use; go on with it by --resume, "
            "or choose another --out"
        )
    images = _load(settings, display)
    settings = _with_data(settings, images)
    with randomness.placed(settings.seed, "init"):
        model: Model = construct.build(
            settings.model,
            config.MODELS,
            image_shape=images.image_shape,
            num_classes=len(images.classes),
        )
    trainer = Trainer(model, images, settings.train, settings.seed, device)
    for reason in device.reasons:
        display.say(reason)
    with folder.lock():
        if resume and folder.config_path.exists():
            _continue(folder, settings, trainer, images, display)
        else:
            if resume:
                display.say(f"{folder.path} holds no run yet: starting at step 0")
            folder.create(settings, _environment(name, device, images))
        Session(folder, settings, trainer, display).run()
    return folder


class Session:
    """A training under way in its folder."""

    def __init__(
        self, folder: runs.Folder, settings: config.Settings, trainer: Trainer, display: Display
    ):
        self.folder, self.settings, self.trainer = folder, settings, trainer
        self.display = display
        self.name = folder.config_name
        self.saved_step, self.saved_at, self.drawn_at = trainer.step, time.monotonic(), -math.inf
        generator = randomness.generator(settings.seed, "grid")
        self.latents = trainer.model.prior(GRID, generator)
        self.events = None
        if settings.train.tensorboard:
            from genmodels.report.tensorboard import Events

            self.events = Events(folder.path / "tensorboard")

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
        if isinstance(record, Progress):
            share, left = self._share(record)
            losses = {n: v for n, v in record.terms.items() if n.endswith(".loss")}
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
            "saved": _now().isoformat(),
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


def _load(settings: config.Settings, display: Display) -> Images:
    chosen = settings.data
    images = data.load(
        chosen.name,
        root=Path(chosen.root) if chosen.root else None,
        offline=chosen.offline,
        validation=chosen.validation,
        image_size=chosen.image_size,
        channels=chosen.channels,
        fit=chosen.fit,
        progress=display.reading,
    )
    display.close()
    for note in images.notes:
        display.say(note)
    counts = ", ".join(f"{images.count(split):,} {split}" for split in images.splits)
    display.say(f"data {images.name}: {'x'.join(map(str, images.image_shape))}, {counts}")
    return images


def _with_data(settings: config.Settings, images: Images) -> config.Settings:
    """Record the set that is really used, where the configuration's own was not to be had."""
    named = settings.data.model_copy(update={"name": images.name, "offline": None})
    return settings.model_copy(update={"data": named})


def _continue(
    folder: runs.Folder,
    settings: config.Settings,
    trainer: Trainer,
    images: Images,
    display: Display,
) -> None:
    """Bring a trainer to where a run's newest checkpoint stands."""
    differences = settings.differences(folder.settings)
    if differences:
        raise InputError(
            f"run {folder.path} was made with other settings, so it cannot be resumed with these "
            f"({'; '.join(differences)}); only the limit may change: use the same settings, "
            "or start a new run without --resume"
        )
    if folder.environment["data"]["fingerprint"] != images.fingerprint:
        raise InputError(
            f"run {folder.path} was trained on other images than {images.name} holds now; "
            "restore them, or start a new run without --resume"
        )
    if not folder.checkpoint_paths():
        folder.rewind_log(0, trainer.steps_per_epoch)
        display.say(f"{folder.path} has no checkpoint yet: starting at step 0")
        return
    saved = folder.latest()
    progress = saved.header["progress"]
    trainer.restore(dict(saved.tensors), progress)
    if not trainer.finished():
        folder.rewind_log(trainer.step, trainer.steps_per_epoch)
        checkpoint.write(folder.config_path, settings.yaml().encode())
        display.say(f"resuming {folder.path} at step {trainer.step:,}")


def _resumable(name: str) -> Path:
    """The latest run of a configuration."""
    for folder in runs.listed():
        if folder.config_name == name:
            return folder.path
    raise InputError(f"no run of {name} to resume under {runs.HOME}; name its folder with --out")


def _environment(name: str, device: devices.Device, images: Images) -> dict[str, Any]:
    return {
        "config": name,
        "started": _now().isoformat(),
        "command": sys.argv,
        "versions": versions(),
        "platform": platform.platform(),
        "device": device.device.type,
        "precision": device.precision,
        "reasons": list(device.reasons),
        "data": {
            "name": images.name,
            "fingerprint": images.fingerprint,
            "image_shape": list(images.image_shape),
            "counts": {split: images.count(split) for split in images.splits},
            "notes": list(images.notes),
        },
    }


def _now() -> datetime:
    return datetime.now(UTC)
