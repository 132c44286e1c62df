"""One training, from a configuration or from the last checkpoint of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from genmodels import config, data, runs
from genmodels.config import components
from genmodels.config.data_settings import Data
from genmodels.config.settings import Settings
from genmodels.console import Display
from genmodels.data import class_names
from genmodels.data.augment import Augmentation
from genmodels.data.images import Images
from genmodels.errors import InputError, Interrupted
from genmodels.models.base import Model
from genmodels.runs import conditions, disk_space, manifest
from genmodels.sampling import interpolation
from genmodels.system import device as devices
from genmodels.system import distributed, randomness
from genmodels.system.provenance import now
from genmodels.system.signals import stopped_by_signals
from genmodels.system.tuning import threads, tune_cpu
from genmodels.training import environment, loggers, resuming
from genmodels.training.recorder import Recorder
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
    """Return the name of a configuration: ``report/vae`` for a preset, the stem for a path.

    Raises:
        InputError: no run can have this name.
    """
    text = Path(source).as_posix().removesuffix(".yaml")
    return manifest.check_name(text if f"{text}.yaml" in config.presets() else Path(text).name)


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
        out = resuming.latest_run(name)
    if out is not None and place.is_first:
        disk_space.check_out(out)
        runs.Folder(out).check_complete()
        if not resume:
            _check_unused(out)
    if not place.is_single and settings.train.on_nan == "rollback":
        raise InputError("rollbacks are for one process; with torchrun use `on_nan=stop`")
    # Before the images are loaded: settings of another run, and loggers that are not installed.
    resumed = False
    if resume and out is not None and runs.Folder(out).config_path.exists():
        resumed = True
        resuming.check(runs.Folder(out), settings)
    loggers.chosen(settings.train)
    images = _load(settings, display)
    settings = settings.with_loaded(images.name)
    with distributed.joined(device.device, settings.train.batch_size) as processes:
        trainer = trainer_of(settings, images, device, processes)
        for reason in reasons:
            display.say_once(reason)
        if trainer.model.num_classes:
            display.say_once(f"classes {class_names.listed(images.classes)}")
        processes.wait()  # the first process writes only after all have looked at the folder
        if not processes.is_first:
            folder = runs.Folder(out or runs.HOME)  # this process writes nothing there
            if resumed:
                resuming.restore(folder, settings, trainer, images)
            _follow(trainer)
            return folder
        if not processes.is_single:
            display.say(f"{processes.world_size} processes share every batch")
        folder = runs.Folder(out or runs.new_path(name, now()))
        with folder.lock():
            if resumed:
                folder.check_links()
                folder.sweep()
                if resuming.restore(folder, settings, trainer, images):
                    resuming.rewind(folder, settings, trainer, display)
                    conditions.resume_jobs(folder, jobs)
                else:
                    resuming.adjust(folder, settings)
            else:
                if resume:
                    display.say(f"{folder.path} holds no run yet: starting at step 0")
                else:
                    _check_unused(folder.path)  # another program may have made it by now
                folder.create(settings, environment.of(name, device, reasons, images, jobs))
            kept = settings.train.keep + 1
            _check_space(folder.path, trainer, min(kept, 2) if resumed else kept)
            for note in trainer.notes:
                display.say_once(note)
            with loggers.started(folder.path, settings) as started:
                Recorder(folder, settings, trainer, display, started).run()
    return folder


def _follow(trainer: Trainer) -> None:
    """Train in a process that is not the first one, and record nothing.

    Raises:
        Interrupted: a signal stopped the training.
    """
    with stopped_by_signals() as stop:
        for _ in trainer.records(lambda: bool(stop)):
            pass
        if stop and not trainer.limit_reached():
            raise Interrupted(f"stopped at step {trainer.step:,}", 128 + stop[0])


def trainer_of(
    settings: Settings,
    images: Images,
    device: devices.Device,
    processes: distributed.Processes = distributed.SINGLE,
) -> Trainer:
    """Make the trainer of some settings, at step 0."""
    return Trainer(
        model_of(settings, images),
        images,
        settings.train,
        settings.seed,
        device,
        settings.data.placement,
        Augmentation(**settings.data.augment.model_dump()),
        processes,
    )


def model_of(settings: Settings, images: Images) -> Model:
    """Make the model of some settings, with its first weights.

    Raises:
        InputError: it does not fit the images, or has too few latents for its ``perturb``.
    """
    with randomness.placed(settings.seed, "init"):
        given = {"image_shape": images.image_shape, "class_shares": images.class_shares}
        model: Model = components.build(settings.model, config.MODELS, **given)
    interpolation.check_perturb(settings, model)
    return model


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
        splits=chosen.splits,
        progress=display.reading,
    )
    display.close()
    return images


def _load(settings: Settings, display: Display) -> Images:
    """Load the images, and describe them."""
    images = load(settings.data, display)
    for note in images.notes:
        display.say_once(note)
    counts = ", ".join(f"{images.count(split):,} {split}" for split in images.splits)
    display.say_once(f"data {images.name}: {'x'.join(map(str, images.image_shape))}, {counts}")
    return images
