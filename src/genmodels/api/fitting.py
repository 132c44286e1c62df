"""A run that ended before its fitted part, such as the density of the codes, was fitted.

A signal, a number that is not finite, full memory and a kill all end a training so. The part is
fitted when the model is first sampled from, as the training would have done after its last step.
"""

import time

from torch import Tensor

from genmodels import runs
from genmodels.config.settings import Settings
from genmodels.console import Display
from genmodels.data import feed
from genmodels.errors import InputError, duration
from genmodels.models.base import Model
from genmodels.runs import checkpoint
from genmodels.runs.checkpoint import EMA_PREFIX, Checkpoint
from genmodels.sampling import Weights
from genmodels.system.device import Device
from genmodels.system.tuning import threads
from genmodels.training import fitting, session


def fit(
    model: Model, folder: runs.Folder, saved: Checkpoint, weights: Weights | None, device: Device
) -> None:
    """Fit the part of a model that is not fitted yet, in place.

    The last weights and the EMA weights are both fitted and kept in the checkpoint, so this
    happens once. Where the run cannot be written, only this model is fitted, with a note.

    Args:
        model: of the checkpoint, in evaluation mode, on the device.
        folder: the folder of the run.
        saved: its newest checkpoint.
        weights: those of the model; None for the EMA weights if there are any.
        device: where to compute.

    Raises:
        InputError: the images of the run cannot be read, differ, or are too few.
    """
    display, settings = Display(), folder.settings
    images = _images(folder, settings, device, display)
    display.say(
        f"the training of {folder.path} ended before the density of the codes was fitted: "
        "fitting it now"
    )
    began = time.monotonic()
    prefixes = [prefix for prefix in ("model.", EMA_PREFIX) if saved.part(prefix)]
    wanted = "model." if weights == "last" else prefixes[-1]
    tensors = dict(saved.tensors)
    with threads(settings.train.threads):
        for prefix in sorted(prefixes, key=lambda prefix: prefix == wanted):  # that one last
            model.load_state_dict(saved.part(prefix))
            fitting.fit_model(model, images, settings.seed, device.device)
            fitted = model.state_dict().items()
            tensors |= {prefix + name: value.cpu().clone() for name, value in fitted}
    kept = _keep(folder, saved, tensors)
    display.say(f"fitted in {duration(time.monotonic() - began)}, {kept}")


def _images(folder: runs.Folder, settings: Settings, device: Device, display: Display) -> feed.Feed:
    """Load the images of a run.

    Raises:
        InputError: they cannot be read, or are others now.
    """
    why = f"the density of the codes of {folder.path} is not fitted, which needs its images"
    try:
        images = session.load(settings.data, display)
    except InputError as error:
        raise InputError(f"{why}: {error}") from None
    if images.fingerprint != folder.fingerprint:
        raise InputError(
            f"{why}, and {images.name} holds others now; restore them, and sample again"
        )
    return feed.choose(images, settings.data.placement, device.device, device.free_memory())


def _keep(folder: runs.Folder, saved: Checkpoint, tensors: dict[str, Tensor]) -> str:
    """Write the checkpoint again, with the fitted part; return what became of it, in words."""
    try:
        with folder.lock():
            if folder.checkpoint_paths()[-1:] != [saved.path]:
                return "for this time only: training has gone on meanwhile"
            checkpoint.save(saved.path, tensors, saved.header)
    except InputError as error:
        return f"for this time only: {error}"
    return f"and kept in {saved.path}"
