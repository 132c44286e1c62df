"""What is asked of a model: arguments that were checked, before anything is loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from genmodels import sampling
from genmodels.api import arguments
from genmodels.config.settings import Settings, Shift
from genmodels.console import Display
from genmodels.data import decoding
from genmodels.data.decoding import Fit
from genmodels.errors import InputError
from genmodels.models.base import Model
from genmodels.sampling import interpolation, inversion
from genmodels.sampling.interpolation import Mode

COUNT, COUNT_OF_EACH = 64, 8  # of images by default; with every class in turn, of each
FRAMES, FRAMES_OF_PERTURB, ROWS = 10, 21, 8  # by default; 21 as in the report


@dataclass(frozen=True)
class Samples:
    """Images from random latents; attributes as the arguments of :func:`genmodels.sample`."""

    count: int
    seed: int
    label: int | str | None

    @classmethod
    def of(cls, count: int | None, seed: int, label: int | str | None) -> "Samples":
        """Check what was given.

        Raises:
            InputError: it cannot be used with any model.
        """
        label = arguments.label(label)
        usual = COUNT_OF_EACH if label == sampling.EACH else COUNT
        count = usual if count is None else arguments.integer("count", count, 1)
        return cls(count, arguments.integer("seed", seed), label)

    def columns(self, model: Model) -> int | None:
        """Return the number of classes, if each is asked for."""
        return model.num_classes if self.label == sampling.EACH else None

    def total(self, model: Model) -> int:
        """Return the number of all images."""
        return self.count * (self.columns(model) or 1)

    def blocks(self, model: Model, classes: Sequence[str]) -> Iterator[Tensor]:
        """Generate the images in blocks.

        Raises:
            InputError: there is no such class.
        """
        return sampling.sample(model, self.count, self.seed, self.label, classes)


@dataclass(frozen=True)
class Walks:
    """Ways through the latents; attributes as the arguments of :func:`genmodels.interpolate`."""

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
    ) -> "Walks":
        """Check what was given.

        Raises:
            InputError: it cannot be used with any model.
        """
        mode, label = arguments.mode(mode), arguments.label(label)
        moves = arguments.shifts(shifts)
        if moves and mode != "perturb":
            raise InputError(
                f"`shifts` are movements of `mode=perturb`; a {mode} has two ends instead"
            )
        if end is not None and mode == "perturb":
            raise InputError("`end` has no meaning in `mode=perturb`, which has a `start` alone")
        if label == sampling.EACH:
            raise InputError("`label=each` is for sample; give the class that every walk has")
        pictured = start is not None or end is not None
        if pictured and rows not in (None, 1):
            raise InputError(f"`rows={rows}`: from or to a picture there is one walk; leave it out")
        usual = FRAMES_OF_PERTURB if mode == "perturb" else FRAMES
        return cls(
            mode,
            usual if steps is None else arguments.integer("steps", steps, 2),
            arguments.integer("rows", rows if rows is not None else 1 if pictured else ROWS, 1),
            arguments.integer("seed", seed),
            label,
            None if start is None else arguments.path("start", start),
            None if end is None else arguments.path("end", end),
            moves,
        )

    def images(
        self, model: Model, classes: Sequence[str], settings: Settings, quiet: bool
    ) -> Tensor:
        """Decode the ways, (rows, steps, C, H, W).

        Args:
            model: ready to be used.
            classes: their names.
            settings: of the run: how it reads pictures, and its movements.
            quiet: do not say how near the pictures' latents come to them.

        Raises:
            InputError: a picture cannot be read, or there is no such class.
        """
        if (self.start or self.end) and self.label is None and model.num_classes:
            raise InputError("`start` and `end` need `label`, the class that the pictures have")
        labels = sampling.labels(model, self.rows, self.seed, self.label, classes)
        both = None if labels is None else labels.repeat_interleave(2)
        drawn = torch.cat(list(sampling.latents(model, 2 * self.rows, self.seed, both)))
        first, last = drawn.unflatten(0, (self.rows, 2)).unbind(1)
        fit, display = settings.data.fit, Display(quiet)
        if self.start:
            first = _latents(model, self.start, fit, labels, display)
        if self.end:
            last = _latents(model, self.end, fit, labels, display)
        shifts = self.shifts or settings.perturb
        walks = interpolation.interpolate(self.mode, first, last, shifts, self.steps)
        return interpolation.decode(model, walks, labels)


def _latents(model: Model, path: Path, fit: Fit, labels: Tensor | None, display: Display) -> Tensor:
    """Find the latents of a picture, (1, latent_dim), and say how near they come to it."""
    channels, height, width = model.image_shape
    image = decoding.read(path, model.image_shape, fit).unsqueeze(0)
    found = inversion.find_latents(model, image, labels, display.reading)
    display.close()
    seen = f"{path}, seen as {width}x{height} {'grey' if channels == 1 else 'colour'}"
    display.say(f"{seen}: latents found, mean squared error {found.error.item():.4f} a pixel")
    return found.latents
