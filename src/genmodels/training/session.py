"""One training, from a configuration or from the last checkpoint of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from genmodels import config, data, runs
from genmodels.config import components, custom_code
from genmodels.config.settings import Data, Settings
from genmodels.console import Display
from genmodels.data import class_names
from genmodels.data.augment import Augmentation
from genmodels.data.images import Images
from genmodels.errors import InputError
from genmodels.models.base import Model
from genmodels.runs import disk_space, used_jobs, used_threads
from genmodels.system import device as devices
from genmodels.system import distributed, files, randomness
from genmodels.system.provenance import now
from genmodels.system.tuning import threads, tune_cpu
from genmodels.training import environment, loggers
from genmodels.training.recorder import Recorder, follow
from genmodels.training.trainer import Trainer


def read_settings(
    source: str | Path | None, layers: Sequence[Mapping[str, Any]], resumed: runs.Folder | None
) -> Settings:
    """Read a configuration; by default that of the run that is resumed.

    Raises:
        InputError: there is no configuration, or it has problems.
    """
    if source is None:
        if resumed is None:
            raise InputError(
                "train needs `source`, a preset such as vae.yaml or a path; "
                "to go on with a run: `train(out=RUN, resume=True)`"
            )
        source = resumed.config_path
    return config.read(source, layers)


def name_of(source: str | Path) -> str:
    """Return the name of a configuration: ``report/vae`` for a preset, the stem for a path."""
    text = Path(source).as_posix().removesuffix(".yaml")
    return text if f"{text}.yaml" in config.presets() else Path(text).name


def train(
    settings: Settings,
    name: str,
    out: Path | None,
    resume: bool,
    display: Display,
    jobs: int = 1,
) -> runs.Folder:
    """Train a model with its number of CPU threads, and record the run in a folder.

    Args:
        settings: everything that the run depends on.
        name: the name of the configuration.
        out: the folder of the run; by default a new one under ``runs/``.
        resume: continue the run in ``out``, by default the latest of this name.
        display: shows the progress.
        jobs: how many trainings of a study run at a time, this one included; it is recorded.

    Returns:
        The folder of the run.

    Raises:
        InputError: the settings or the folder cannot be used.
        Interrupted: a signal stopped the training; the run was saved.
    """
    with threads(settings.train.threads):
        return _train(settings, name, out, resume, display, jobs)


def _train(
    settings: Settings, name: str, out: Path | None, resume: bool, display: Display, jobs: int
) -> runs.Folder:
    place = distributed.launched()
    display = display if place.is_first else Display(quiet=True)
    device = devices.choose(settings.train.device, settings.train.precision, place.local_rank)
    reasons = [*device.reasons, *tune_cpu(device)]
    if resume and out is None:
        out = _resumable(name)
    if out is not None and place.is_first:
        disk_space.check_out(out)
        if not resume:
            _check_unused(out)
    if not place.is_single and settings.train.on_nan == "rollback":
        raise InputError("rollbacks are for one process; with torchrun use `on_nan=stop`")
    loggers.chosen(settings.train)  # before the images are loaded, if one is not installed
    images = _load(settings, display)
    settings = settings.with_loaded(images.name)
    with distributed.joined(device.device, settings.train.batch_size) as processes:
        trainer = trainer_of(settings, images, device, processes)
        for reason in (*reasons, *trainer.notes):
            display.say(reason)
        if trainer.model.num_classes:
            display.say(f"classes {class_names.listed(images.classes)}")
        resumed = resume and out is not None and runs.Folder(out).config_path.exists()
        processes.wait()  # the first process writes only after all have looked at the folder
        if not processes.is_first:
            folder = runs.Folder(out or runs.HOME)  # this process writes nothing there
            if resumed:
                _restore(folder, settings, trainer, images)
            follow(trainer)
            return folder
        if not processes.is_single:
            display.say(f"{processes.world_size} processes share every batch")
        folder = runs.Folder(out or runs.new_path(name, now()))
        with folder.lock():
            if resumed:
                folder.check_links()
                folder.sweep()
                if _restore(folder, settings, trainer, images):
                    _rewind(folder, settings, trainer, display)
                    used_jobs.resume(folder, jobs)
            else:
                if resume:
                    display.say(f"{folder.path} holds no run yet: starting at step 0")
                else:
                    _check_unused(folder.path)  # another program may have made it by now
                folder.create(settings, environment.of(name, device, reasons, images, jobs))
            kept = settings.train.keep + 1
            _check_space(folder.path, trainer, min(kept, 2) if resumed else kept)
            with loggers.started(folder.path, settings) as started:
                Recorder(folder, settings, trainer, display, started).run()
    return folder


def trainer_of(
    settings: Settings,
    images: Images,
    device: devices.Device,
    processes: distributed.Processes = distributed.SINGLE,
) -> Trainer:
    """Make the trainer of some settings, at step 0."""
    with randomness.placed(settings.seed, "init"):
        model: Model = components.build(
            settings.model,
            config.MODELS,
            image_shape=images.image_shape,
            class_shares=images.class_shares,
        )
    return Trainer(
        model,
        images,
        settings.train,
        settings.seed,
        device,
        settings.data.placement,
        Augmentation(**settings.data.augment.model_dump()),
        processes,
    )


def _check_unused(path: Path) -> None:
    """Refuse a folder with files in it."""
    if path.is_dir() and any(inside.name != runs.LOCK for inside in path.iterdir()):
        known = runs.Folder(path).config_path.is_file()
        todo = "continue that run with `resume=True`, or choose" if known else "choose"
        raise InputError(f"folder {path} is not empty; {todo} another `out`")


def _check_space(path: Path, trainer: Trainer, checkpoints: int) -> None:
    """Refuse a disk that is too full for a number of checkpoints and all snapshots to come."""
    checkpoint_size, snapshot_size = trainer.run_step.sizes
    total = checkpoints * checkpoint_size + trainer.remaining_snapshots() * snapshot_size
    disk_space.check(path, checkpoint_size, total)


def load(chosen: Data, display: Display) -> Images:
    """Load the images of a configuration.

    Raises:
        InputError: the images cannot be found, downloaded or read.
    """
    images = data.load(
        chosen.name,
        root=Path(chosen.root) if chosen.root else None,
        offline=chosen.offline,
        validation=chosen.validation,
        image_size=chosen.image_size,
        channels=chosen.channels,
        fit=chosen.fit,
        on_bad=chosen.on_bad,
        progress=display.reading,
    )
    display.close()
    return images


def _load(settings: Settings, display: Display) -> Images:
    """Load the images, and describe them."""
    images = load(settings.data, display)
    for note in images.notes:
        display.say(note)
    counts = ", ".join(f"{images.count(split):,} {split}" for split in images.splits)
    display.say(f"data {images.name}: {'x'.join(map(str, images.image_shape))}, {counts}")
    return images


def _restore(folder: runs.Folder, settings: Settings, trainer: Trainer, images: Images) -> bool:
    """Restore a trainer from the newest checkpoint of a run.

    Returns:
        Whether there are steps left to train.

    Raises:
        InputError: the settings, the code or the images are not those of the run.
    """
    differences = settings.differences(folder.settings)
    if differences:
        raise InputError(
            f"run {folder.path} was made with other settings, so it cannot be resumed with these "
            f"({'; '.join(differences)}); only the limit may change: use the same settings"
            f"{_alike(folder, settings)}, or start a new run without `resume`"
        )
    if changed := custom_code.changed(settings.model, folder.path):
        raise InputError(
            f"{changed[0]} differs from the copy that run {folder.path} has in its "
            f"{custom_code.FOLDER}/; restore that copy, or start a new run without `resume`"
        )
    if folder.fingerprint != images.fingerprint:
        raise InputError(
            f"run {folder.path} was trained on other images than {images.name} holds now; "
            "restore them, or start a new run without `resume`"
        )
    if folder.checkpoint_paths():
        saved = folder.latest()
        trainer.restore(dict(saved.tensors), saved.header["progress"])
    return not trainer.is_complete()


def _rewind(folder: runs.Folder, settings: Settings, trainer: Trainer, display: Display) -> None:
    """Remove from the log all records newer than the last checkpoint."""
    folder.rewind_log(trainer.recorded, trainer.steps_per_epoch)
    files.write(folder.config_path, settings.yaml().encode())
    if trainer.step:
        display.say(f"resuming {folder.path} at step {trainer.step:,}")
        on_cpu = trainer.device.device.type == "cpu"
        if on_cpu and (changed := used_threads.resume(folder, torch.get_num_threads())):
            display.say(changed)
    else:
        display.say(f"{folder.path} has no checkpoint yet: starting at step 0")


def _resumable(name: str) -> Path:
    """Return the latest run of a configuration."""
    for folder in runs.listed():
        if folder.config_name == name:
            return folder.path
    raise InputError(f"no run of {name} to resume under {runs.HOME}; name its folder with `out`")


def _alike(other: runs.Folder, settings: Settings) -> str:
    """Return a hint at a run of the same configuration with these settings, if there is one."""
    for folder in runs.listed():
        if folder.config_name == other.config_name and not _differ(folder, settings):
            return f", continue the run that has these by `out={folder.path}`"
    return ""


def _differ(folder: runs.Folder, settings: Settings) -> bool:
    """Return whether a run was made with other settings."""
    try:
        return bool(settings.differences(folder.settings))
    except InputError:  # a run that this version cannot read cannot be continued
        return True
