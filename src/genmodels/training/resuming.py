"""A run that goes on from its newest checkpoint."""

from pathlib import Path

import torch

from genmodels import data, runs
from genmodels.config import custom_code
from genmodels.config.settings import LIMITS, Settings, adjustable
from genmodels.console import Display
from genmodels.data.images import Images
from genmodels.errors import InputError, argument, first_of
from genmodels.runs import conditions, logs
from genmodels.system import files
from genmodels.training.trainer import Trainer


def latest_run(name: str) -> Path:
    """Return the folder of the latest run of a configuration.

    Raises:
        InputError: there is none.
    """
    for folder in runs.listed():
        if folder.config_name == name:
            return folder.path
    raise InputError(f"no run of {name} to resume under {runs.HOME}; name its folder with `out`")


def check(folder: runs.Folder, settings: Settings) -> None:
    """Check, before images are loaded, that a run can be resumed with some settings.

    Raises:
        InputError: the settings are not those of the run, whichever images will be loaded.
    """
    names = [name for name in (settings.data.name, settings.data.offline) if name]
    ready = [settings.with_loaded(data.loaded_name(name)) for name in names]
    _check_settings(folder, min(ready, key=lambda each: len(each.differences(folder.settings))))


def _check_settings(folder: runs.Folder, settings: Settings) -> None:
    """Check that settings, with the name of the loaded images, are those of a run.

    Raises:
        InputError: they are not.
    """
    if differences := settings.differences(folder.settings):
        raise InputError(
            f"run {folder.path} was made with other settings, so it cannot be resumed with these "
            f"({first_of(differences)}); use the same settings"
            f"{_alike(folder, settings)}, or start a new run without `resume`; when a run is "
            f"resumed, only these may change: {', '.join(adjustable())}"
        )


def restore(folder: runs.Folder, settings: Settings, trainer: Trainer, images: Images) -> bool:
    """Restore a trainer from the newest checkpoint of a run.

    Returns:
        Whether there are steps left to train.

    Raises:
        InputError: the settings, the code or the images are not those of the run.
    """
    _check_settings(folder, settings)
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


def rewind(folder: runs.Folder, settings: Settings, trainer: Trainer, display: Display) -> None:
    """Remove from the log all records newer than the last checkpoint."""
    if lost := logs.lost(folder.log_path, folder.checkpoint_paths()):
        display.say(f"{folder.log_path} is missing: {lost}; without it a new log begins here")
    folder.rewind_log(trainer.step, trainer.recorded, trainer.steps_per_epoch)
    files.write(folder.config_path, settings.yaml().encode())
    if trainer.step:
        display.say(f"resuming {folder.path} at step {trainer.step:,}")
        on_cpu = trainer.device.device.type == "cpu"
        if on_cpu and (changed := conditions.resume_threads(folder, torch.get_num_threads())):
            display.say(changed)
    else:
        display.say(f"{folder.path} has no checkpoint: starting at step 0")


def adjust(folder: runs.Folder, settings: Settings) -> None:
    """Record the settings of a run that is trained to its limit, which it keeps."""
    limit = {name: getattr(folder.settings.train, name) for name in LIMITS}
    train = settings.train.model_copy(update=limit)
    adjusted = settings.model_copy(update={"train": train})
    if adjusted != folder.settings:
        files.write(folder.config_path, adjusted.yaml().encode())


def _alike(other: runs.Folder, settings: Settings) -> str:
    """Return a hint at a run of the same configuration with these settings, if there is one."""
    for folder in runs.listed():
        if folder.config_name == other.config_name and not _differ(folder, settings):
            return f", continue the run that has these by `out={argument(folder.path)}`"
    return ""


def _differ(folder: runs.Folder, settings: Settings) -> bool:
    """Return whether a run was made with other settings."""
    try:
        return bool(settings.differences(folder.settings))
    except InputError:  # a run that this version cannot read cannot be continued
        return True
