"""The public functions: what a user does, composed of the parts below.

The command line and ``import genmodels`` both call these, and these alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch
from torch import Tensor

from genmodels import config, runs, sampling
from genmodels.api.comparing import compare as compare
from genmodels.config import custom_code
from genmodels.config.settings import Settings, Shift
from genmodels.console import Display
from genmodels.data import decoding, formats, pictures
from genmodels.errors import InputError
from genmodels.models.base import Model
from genmodels.sampling import Weights, interpolation, inversion
from genmodels.sampling.interpolation import Mode
from genmodels.system import device
from genmodels.training import session, verification
from genmodels.training.verification import Finding


@dataclass(frozen=True)
class Run:
    """A trained model and everything its training left behind."""

    folder: runs.Folder

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def settings(self) -> Settings:
        """Its resolved configuration."""
        return self.folder.settings

    @property
    def log(self) -> list[dict[str, Any]]:
        """One flat record for each epoch."""
        return self.folder.log()

    def model(
        self,
        weights: Weights | None = None,
        device_name: str = "auto",
        changes: Mapping[str, Any] | None = None,
    ) -> Model:
        """Build the model with its newest weights and with ``changes`` of settings that they
        do not depend on, such as ``{"steps": 50}``."""
        chosen = device.choose(device_name).device
        return sampling.load_model(self.folder.latest(), weights, chosen, changes)

    def sample(self, count: int = 64, seed: int = 0, weights: Weights | None = None) -> Tensor:
        """Generate images, (count, C, H, W) float32 in [0, 1] on the CPU."""
        return torch.cat(list(sampling.sample(self.model(weights), count, seed)))

    def interpolate(self, mode: Mode = "slerp", **options: Any) -> Tensor:
        """Walk through the latents; options as for :func:`interpolate`."""
        return interpolate(self, mode, **options)


def train(
    source: str | Path | None = None,
    *,
    data: str | None = None,
    data_root: str | Path | None = None,
    settings: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    seed: int | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    budget: str | float | None = None,
    device: str | None = None,
    precision: str | None = None,
    on_nan: str | None = None,
    on_bad: str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    trust_code: bool = False,
    quiet: bool = False,
) -> Run:
    """Train a model.

    Args:
        source: a preset's name such as ``"vae.yaml"``, or a path. May be left out when
            ``resume`` names a run by ``out``.
        data, data_root, seed, epochs, steps, budget, device, precision, on_nan, on_bad:
            replace what the configuration says; a limit replaces any other limit.
        settings: further overrides, nested: ``{"model": {"latent_dim": 64}}``.
        out: the run's folder; by default a new one under ``runs/``.
        resume: go on with a run.
        trust_code: whether the module that a resumed run brings may be executed.
        quiet: show no progress.

    Raises:
        InputError: something that was given cannot be used.
        Interrupted: Ctrl-C; the run was saved.
    """
    layers = [settings] if isinstance(settings, Mapping) else list(settings)
    layers.append(
        config.overrides(
            data, data_root=data_root, seed=seed, epochs=epochs, steps=steps, budget=budget,
            device=device, precision=precision, on_nan=on_nan, on_bad=on_bad,
        )
    )  # fmt: skip
    existing = runs.Folder(Path(out)) if resume and out is not None else None
    resumed = existing if existing and existing.config_path.is_file() else None
    if resumed and trust_code:
        custom_code.approve(resumed.path)
    own = (
        custom_code.beside(config.find(source)) if source else custom_code.of_run(Path(out or "."))
    )
    with own:
        resolved = session.read_settings(source, layers, resumed)
        name = resumed.config_name if resumed else session.name_of(source or "")
        path = Path(out) if out is not None else None
        return Run(session.train(resolved, name, path, resume, Display(quiet)))


def load(path: str | Path | None = None, trust_code: bool = False) -> Run:
    """Open a run by its folder; the latest under ``runs/`` by default.

    Args:
        path: of the folder.
        trust_code: whether a model's own module that the run brings may be executed.
    """
    folder = runs.latest() if path is None else runs.open_run(path)
    if trust_code:
        custom_code.approve(folder.path)
    return Run(folder)


def sample(
    run: Run,
    count: int | None = None,
    seed: int = 0,
    weights: Weights | None = None,
    out: str | Path | None = None,
    label: int | str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Path:
    """Generate images into a file: a ``.png`` grid, ``.npy`` or ``.npz`` as uint8
    (N, C, H, W), or a folder of PNG files; in bounded memory.

    Args:
        run: of any model.
        count: of images, 64 by default; with ``label="each"`` of each class, 8 by default.
        label: the class of all images by number or name, or ``each``: every class in turn, from
            the same latents, so that a row of a grid shows what the label does and a column is
            a class; by default classes are drawn as often as they were trained on.

    Returns:
        Where they are; by default ``samples/seed-<seed>.png`` in the run's folder, with what
        else was given in its name.
    """
    by_class = label == sampling.EACH
    given = {"label": label, "count": count, "weights": weights, **(changes or {})}
    name = pictures.file_name(f"seed-{seed}", given)
    path = Path(out) if out is not None else run.folder.samples / name
    count = count if count is not None else (8 if by_class else 64)
    if count < 1:
        raise InputError(f"--count {count} is not a number of images; give 1 or more")
    formats.check("images", path)
    model = run.model(weights, changes=changes)
    columns = model.num_classes if by_class else None
    total = count * columns if columns else count
    images = sampling.sample(model, count, seed, label, run.folder.classes)
    formats.save_images(images, total, path, columns)
    return path


def interpolate(
    run: Run,
    mode: Mode = "slerp",
    *,
    steps: int | None = None,
    rows: int | None = None,
    seed: int = 0,
    weights: Weights | None = None,
    start: str | Path | None = None,
    end: str | Path | None = None,
    shifts: Sequence[Shift] | None = None,
    label: int | str | None = None,
    changes: Mapping[str, Any] | None = None,
    quiet: bool = False,
) -> Tensor:
    """Walk through the latents and decode the way.

    Args:
        run: of any model.
        mode: ``slerp`` or ``lerp`` between two latents, or ``perturb``: the report's test.
        steps: frames; 10 by default, 21 for ``perturb`` as in the report.
        rows: how many walks; 8 by default, one where pictures are given.
        start, end: pictures to go from and to, read as the run's data are; ``perturb`` has no end.
        shifts: the movements of ``perturb``; by default those of the run's configuration.
        label: the class of every walk by number or name, for models that take labels; drawn by
            default.

    Returns:
        (rows, steps, C, H, W), float32 in [0, 1].
    """
    if mode not in get_args(Mode):
        raise InputError(f"unknown mode {mode!r}; use {' or '.join(get_args(Mode))}")
    if shifts and mode != "perturb":
        raise InputError(f"--shift is a movement of --mode perturb; a {mode} has two ends instead")
    if end is not None and mode == "perturb":
        raise InputError("--to has no meaning in --mode perturb, which has a start, --from, alone")
    if label == sampling.EACH:
        raise InputError("--label each is for sample; give the class that every walk has")
    pictured = start is not None or end is not None
    if pictured and rows not in (None, 1):
        raise InputError(f"--rows {rows}: from or to a picture there is one walk; leave it out")
    steps = steps if steps is not None else (21 if mode == "perturb" else 10)
    rows = rows if rows is not None else (1 if pictured else 8)
    if steps < 2 or rows < 1:
        raise InputError(f"--steps {steps} --rows {rows}: give 2 or more steps, 1 or more rows")
    model = run.model(weights, changes=changes)
    if pictured and label is None and model.num_classes:
        raise InputError("--from and --to need --label, the class that the pictures have")
    labels = sampling.labels(model, rows, seed, label, run.folder.classes)
    both = None if labels is None else labels.repeat_interleave(2)
    ends = torch.cat(list(sampling.latents(model, 2 * rows, seed, both))).unflatten(0, (rows, 2))
    first, last = ends[:, 0], ends[:, 1]
    display = Display(quiet)
    given = [(position, Path(path)) for position, path in enumerate((start, end)) if path]
    channels, height, width = model.image_shape
    for position, path in given:
        image = decoding.read(path, model.image_shape, run.settings.data.fit).unsqueeze(0)
        found = inversion.find(model, image, labels, display.reading)
        display.close()
        seen = f"{path}, seen as {width}x{height} {'grey' if channels == 1 else 'colour'}"
        display.say(f"{seen}: latents found, mean squared error {found.error.item():.4f} a pixel")
        first, last = (found.latents, last) if position == 0 else (first, found.latents)
    walks = interpolation.walk(mode, first, last, shifts or run.settings.perturb, steps)
    return interpolation.decode(model, walks, labels)


def verify(run: Run) -> list[Finding]:
    """Read every file of a run that later commands depend on.

    Returns:
        One finding for each; damaged is what has a ``problem``.
    """
    return list(verification.check(run.folder))


def replay(run: Run, steps: int, quiet: bool = False) -> list[str]:
    """Train on from the newest checkpoint twice, without touching the run.

    Returns:
        The names of the tensors that differ; empty where the steps repeat bit for bit.
    """
    if steps < 1:
        raise InputError(f"--replay {steps} is not a number of steps; give 1 or more")
    return verification.replay(run.folder, steps, Display(quiet))
