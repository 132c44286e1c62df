"""Checked arguments for sampling and interpolation, before a model is loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from genmodels import sampling
from genmodels.api import arguments
from genmodels.config.settings import SHIFTS, Settings, Shift
from genmodels.data import decoding, pictures
from genmodels.data.decoding import Fit
from genmodels.errors import InputError
from genmodels.models.base import Model
from genmodels.sampling import interpolation, inversion
from genmodels.sampling.interpolation import Mode

if TYPE_CHECKING:
    from genmodels.console import Display

COUNT, COUNT_OF_EACH = 64, 8  # default number of images; with ``each``, of each class
FRAMES, ROWS = 10, 8  # defaults


@dataclass(frozen=True)
class SampleRequest:
    """A request for samples. Its attributes are arguments of :func:`genmodels.sample`."""

    count: int
    seed: int
    label: int | str | None

    @classmethod
    def of(cls, count: int | None, seed: int, label: int | str | None) -> "SampleRequest":
        """Check arguments as far as this is possible without a model.

        Raises:
            InputError: an argument is not valid.
        """
        label = arguments.label(label)
        default = COUNT_OF_EACH if label == sampling.EACH else COUNT
        count = default if count is None else arguments.count("count", count)
        return cls(count, arguments.integer("seed", seed), label)

    def columns(self, model: Model) -> int | None:
        """Return the number of classes if the label is ``each``, else None."""
        return model.num_classes if self.label == sampling.EACH else None

    def total(self, model: Model) -> int:
        """Return the total number of images."""
        return self.count * (self.columns(model) or 1)

    def blocks(self, model: Model, classes: Sequence[str]) -> Iterator[Tensor]:
        """Generate the images in blocks (n, C, H, W).

        Raises:
            InputError: there is no such class.
        """
        return sampling.sample(model, self.count, self.seed, self.label, classes)


@dataclass(frozen=True)
class InterpolationRequest:
    """A request to interpolate. Its attributes are arguments of :func:`genmodels.interpolate`."""

    mode: Mode
    steps: int
    rows: int
    seed: int
    label: int | str | None
    start: Path | None
    end: Path | None
    shifts: Sequence[Shift]

    @classmethod
    def of(
        cls,
        mode: Mode,
        steps: int | None,
        rows: int | None,
        seed: int,
        label: int | str | None,
        start: str | Path | None,
        end: str | Path | None,
        shifts: Sequence[Shift | str] | None,
    ) -> "InterpolationRequest":
        """Check arguments as far as this is possible without a model.

        Raises:
            InputError: an argument is not valid.
        """
        mode, label = arguments.mode(mode), arguments.label(label)
        checked = arguments.shifts(shifts)
        if checked and mode != "perturb":
            raise InputError(f"`shifts`: only for `mode=perturb`, not for {mode}; leave it out")
        if end is not None and mode == "perturb":
            raise InputError("`end` is not for `mode=perturb`, which has only a `start`")
        if label == sampling.EACH:
            raise InputError("`label=each` is for sample; give the number or name of one class")
        pictured = start is not None or end is not None
        if pictured and rows not in (None, 1):
            raise InputError(f"`rows={rows}`: a picture gives one interpolation; leave it out")
        default = interpolation.PERTURB_FRAMES if mode == "perturb" else FRAMES
        return cls(
            mode,
            default if steps is None else arguments.count("steps", steps, 2),
            arguments.count("rows", rows if rows is not None else 1 if pictured else ROWS),
            arguments.integer("seed", seed),
            label,
            None if start is None else arguments.picture("start", start),
            None if end is None else arguments.picture("end", end),
            checked,
        )

    def images(
        self, model: Model, classes: Sequence[str], settings: Settings, quiet: bool
    ) -> Tensor:
        """Interpolate and decode: (rows, steps, C, H, W).

        Args:
            model: in evaluation mode.
            classes: names of its classes.
            settings: of the run, for reading pictures and for default shifts.
            quiet: whether the errors of the pictures' latents are not printed.

        Raises:
            InputError: the frames are too many for one picture, a picture cannot be read, or
                there is no such class.
        """
        from genmodels.console import Display  # here, because most requests show no progress

        self._check_size(model.image_shape)
        if (self.start or self.end) and self.label is None and model.num_classes:
            raise InputError("`start` and `end` need `label`, the class of the pictures")
        labels = sampling.labels(model, self.rows, self.seed, self.label, classes)
        both = None if labels is None else labels.repeat_interleave(2)
        drawn = torch.cat(list(sampling.latents(model, 2 * self.rows, self.seed, both)))
        first, last = drawn.unflatten(0, (self.rows, 2)).unbind(1)
        fit, display = settings.data.fit, Display(quiet)
        if self.start:
            first = _latents(model, self.start, fit, labels, display)
        if self.end:
            last = _latents(model, self.end, fit, labels, display)
        setting = "`shifts`" if self.shifts else "perturb"
        shifts = self.shifts or settings.perturb
        if self.mode == "perturb":
            _check_range(shifts, model.latent_dim, setting)
        latents = interpolation.interpolate(self.mode, first, last, shifts, self.steps, setting)
        frames = interpolation.decode(model, latents, labels)
        if self.mode == "perturb" and not frames.isfinite().all():
            raise InputError(f"{setting}: the images are not finite; shift by less")
        return frames

    def _check_size(self, image_shape: Sequence[int]) -> None:
        """Check that all frames fit in one picture, because all are held in memory."""
        try:
            pictures.grid_size(self.rows * self.steps, image_shape, self.steps)
        except InputError:
            raise InputError(
                f"`steps={self.steps}` and `rows={self.rows}` are too many for a picture; "
                "take fewer"
            ) from None


def _check_range(shifts: Sequence[Shift], dimensions: int, setting: str) -> None:
    """Check that a model has the dimensions of shifts; the default ones are cut to them.

    Raises:
        InputError: one leaves the latent dimensions, or selects none.
    """
    for shift in shifts if tuple(shifts) != SHIFTS else ():
        start, stop = shift.slice.start or 0, shift.slice.stop
        if not start < (dimensions if stop is None else stop) <= dimensions:
            instead = "" if setting == "`shifts`" else " with `shifts`"
            raise InputError(
                f"{setting} {shift.dims}: the latent dimensions of this model are 0 to "
                f"{dimensions - 1}; give a slice of them{instead}, such as 0:{dimensions}"
            )


def _latents(
    model: Model, path: Path, fit: Fit, labels: Tensor | None, display: "Display"
) -> Tensor:
    """Find the latents of a picture, (1, latent_dim), and print the error of its decoding."""
    channels, height, width = model.image_shape
    image = decoding.read(path, model.image_shape, fit).unsqueeze(0)
    found = inversion.find_latents(model, image, labels, display.reading)
    display.close()
    source = f"{path}, read as {width}x{height} {'grey' if channels == 1 else 'colour'}"
    display.say(f"{source}: latents found, mean squared error per pixel {found.error.item():.4f}")
    return found.latents
