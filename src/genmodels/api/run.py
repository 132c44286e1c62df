"""A run in Python: its model, configuration and log, and methods that use the model."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from genmodels import runs, sampling
from genmodels.api import arguments, tensors
from genmodels.api.requests import InterpolationRequest, SampleRequest
from genmodels.config import custom_code
from genmodels.config.settings import Settings, Shift
from genmodels.errors import InputError, Note, brief
from genmodels.models.base import Fitted, Model
from genmodels.runs.manifest import Record
from genmodels.sampling import Weights
from genmodels.sampling.interpolation import Mode
from genmodels.system.tuning import tune_cpu


@dataclass(frozen=True, repr=False)
class Run:
    """A trained model, with its configuration and log.

    :func:`genmodels.train` and :func:`genmodels.load` return one. Every method that computes
    takes ``weights`` (``"ema"`` or ``"last"``; by default the EMA weights if there are any),
    ``device`` (``"auto"``, ``"cpu"``, ``"cuda:1"``, …) and ``changes``: settings of the model
    that its weights do not depend on, such as ``{"steps": 50}``. Images and latents are float32
    on the CPU; images are in [0, 1].

    >>> import genmodels
    >>> run = genmodels.load("runs/first")
    >>> run
    <Run runs/first: vae on glyphs, 2 steps>
    >>> codes = run.encode(run.sample(3))
    >>> codes.shape, run.decode(codes).shape
    (torch.Size([3, 10]), torch.Size([3, 1, 28, 28]))
    """

    folder: runs.Folder

    def __post_init__(self) -> None:
        given: object = self.folder
        if not isinstance(given, runs.Folder):
            shown = brief(given)
            raise InputError(f"Run({shown}): open a run with genmodels.load({shown})")

    def __repr__(self) -> str:
        try:
            steps = "no checkpoint" if self.step is None else f"{self.step:,} steps"
            return f"<Run {self.path.as_posix()}: {self.name} on {self.data}, {steps}>"
        except InputError:
            return f"<Run {self.path.as_posix()}: damaged>"

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def name(self) -> str:
        """The name of the configuration, such as ``vae`` or ``report/vae``."""
        return self.folder.config_name

    @property
    def data(self) -> str:
        """The name or the folder of the data set."""
        return self.folder.environment["data"]["name"]

    @property
    def step(self) -> int | None:
        """The step of the newest checkpoint; None if there is none yet."""
        return self.folder.saved_step

    @property
    def settings(self) -> Settings:
        """The resolved configuration."""
        return self.folder.settings

    @property
    def log(self) -> list[Record]:
        """The log: one record for each epoch, without the records of copies among samples."""
        return self.folder.log()

    def model(
        self,
        weights: Weights | None = None,
        device: str = "auto",
        changes: Mapping[str, object] | None = None,
        *,
        device_name: str | None = None,
    ) -> Model:
        """Build the model of the newest checkpoint, on a device, in evaluation mode.

        A CPU is tuned as for training. If the training ended before the density of the codes was
        fitted, this is done now, from the images of the run, and kept in it. ``device_name`` is
        the former name of ``device``; it will be removed.

        Raises:
            InputError: there is no checkpoint, it does not have these weights, or the density
                cannot be fitted.
        """
        if device_name is not None:
            warnings.warn(Note("device_name= is called device= now; rename it"), stacklevel=2)
            device = device_name
        return self._model(weights, device, changes, fit=True)

    def _model(
        self,
        weights: Weights | None,
        device: str,
        changes: Mapping[str, object] | None,
        fit: bool = False,
    ) -> Model:
        """Build the model; with ``fit`` also what is drawn from, which encoding does not need."""
        weights, chosen = arguments.weights(weights), arguments.device(device)
        changes = arguments.changes(changes)
        tune_cpu(chosen)
        saved = self.folder.latest()
        model = sampling.load_model(saved, weights, chosen.device, changes)
        if fit and isinstance(model, Fitted) and not model.fitted:
            from genmodels.api import fitting  # which loads what trains

            fitting.fit(model, self.folder, saved, weights, chosen)
        return model

    def sample(
        self,
        count: int | None = None,
        seed: int = 0,
        weights: Weights | None = None,
        *,
        label: int | str | None = None,
        device: str = "auto",
        changes: Mapping[str, object] | None = None,
    ) -> Tensor:
        """Generate images (N, C, H, W); arguments as for :func:`genmodels.sample`."""
        wanted = SampleRequest.of(count, seed, label)
        model = self.model(weights, device, changes)
        return torch.cat(list(wanted.blocks(model, self.folder.classes)))

    def interpolate(
        self,
        mode: Mode = "slerp",
        *,
        steps: int | None = None,
        rows: int | None = None,
        seed: int = 0,
        weights: Weights | None = None,
        start: str | Path | None = None,
        end: str | Path | None = None,
        shifts: Sequence[Shift | str] | None = None,
        label: int | str | None = None,
        device: str = "auto",
        changes: Mapping[str, object] | None = None,
        quiet: bool = False,
    ) -> Tensor:
        """Interpolate between latents; arguments as for :func:`genmodels.interpolate`.

        Returns:
            (rows, steps, C, H, W), float32 in [0, 1] on the CPU.
        """
        wanted = InterpolationRequest.of(mode, steps, rows, seed, label, start, end, shifts)
        quiet = arguments.flag("quiet", quiet)
        model = self.model(weights, device, changes)
        return wanted.images(model, self.folder.classes, self.settings, quiet)

    def encode(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        weights: Weights | None = None,
        device: str = "auto",
        changes: Mapping[str, object] | None = None,
    ) -> Tensor:
        """Encode images: (N, C, H, W) → latents (N, latent_dim).

        Args:
            images: float in [0, 1] or uint8, in the shape of the run's data.
            labels: (N,), integers, for models that take labels.

        Raises:
            InputError: the model has no encoder, or the images or labels do not fit it.
        """
        model = self._model(weights, device, changes)
        given = tensors.images_of(model, images)
        return sampling.encode(model, given, tensors.labels_of(model, labels, len(given)))

    def decode(
        self,
        latents: Tensor,
        labels: Tensor | None = None,
        *,
        weights: Weights | None = None,
        device: str = "auto",
        changes: Mapping[str, object] | None = None,
    ) -> Tensor:
        """Decode latents: (N, latent_dim) → images (N, C, H, W).

        Args:
            latents: floats, such as those from :meth:`encode`.
            labels: (N,), integers, for models that take labels.

        Raises:
            InputError: the latents or labels do not fit the model.
        """
        model = self._model(weights, device, changes)
        given = tensors.latents_of(model, latents)
        return sampling.decode(model, given, tensors.labels_of(model, labels, len(given)))

    def reconstruct(
        self,
        images: Tensor,
        labels: Tensor | None = None,
        *,
        weights: Weights | None = None,
        device: str = "auto",
        changes: Mapping[str, object] | None = None,
    ) -> Tensor:
        """Encode and decode images (N, C, H, W); arguments as for :meth:`encode`."""
        model = self._model(weights, device, changes)
        given = tensors.images_of(model, images)
        return sampling.reconstruct(model, given, tensors.labels_of(model, labels, len(given)))


def load(path: str | Path | None = None, trust_code: bool = False) -> Run:
    """Open a run.

    Args:
        path: its folder, or its name under ``runs/``; by default the newest trained run there.
        trust_code: whether Python modules in the run's folder may be executed.

    Raises:
        InputError: there is no run.

    >>> import genmodels
    >>> genmodels.load("first").path.as_posix()
    'runs/first'
    >>> genmodels.load("second")
    Traceback (most recent call last):
    genmodels.errors.InputError: no run at 'second'; the newest under runs/: runs/first
    """
    if path is not None and not isinstance(path, str | Path):
        raise InputError(f"run {brief(path)}: give a run's folder")
    folder = runs.latest() if path is None else runs.open_run(path)
    if arguments.flag("trust_code", trust_code):
        custom_code.approve(folder.path)
    return Run(folder)


def opened(run: Run | str | Path | None) -> Run:
    """Return a run, given as a run, as its folder, or as None for the newest trained run."""
    return run if isinstance(run, Run) else load(run)
