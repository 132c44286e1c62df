"""The copy watch: the share of a model's samples that are copies of training images, over training.

Copies are judged by pixels alone (:mod:`genmodels.data.lookalikes`). A comparison judges by
features too, so it finds copies that this misses.
"""

import math
import time
from collections.abc import Sequence
from contextlib import suppress

import torch
from torch import Tensor

from genmodels import sampling
from genmodels.data.images import TRAIN, VALIDATION, Images
from genmodels.data.lookalikes import LIMIT, Lookalikes
from genmodels.errors import InputError
from genmodels.models.base import Fitted
from genmodels.runs.manifest import Record
from genmodels.system import randomness
from genmodels.training import figures, fitting
from genmodels.training.records import last_snapshot, next_snapshot
from genmodels.training.trainer import Trainer

COUNT = 256  # samples of a measurement
HELD_OUT = 500  # most validation images that are searched like samples
TABLE = 60_000  # most training images that are searched; a signal waits until they are read
FIT = 5000  # training images that a density is fitted to for a measurement, or TRIAL * fewest
TRIAL = 10  # part of them that a fit is timed with, before the first measurement
SHARE = 0.03  # of the training time, for all measurements together
# Measured on MNIST with one thread: 1 s to read 54,000 images, 0.3 s to search 256.
READ_SECONDS = 2.4e-8  # for a pixel of a channel
SEARCH = 60  # images that are read in the time of searching one
LEVEL = 0.01 / 20  # of a test. Up to 100 million steps there are 19 snapshots.
# Held-out images for a test. Where there are fewer, the missing ones are made up, and one of them
# is a copy: of MNIST, Fashion-MNIST and flowers 0.3 % at most are, see docs/concepts.md.
FEWEST = 100


class CopyMonitor:
    """Measurements of the copies among a model's samples while it trains.

    A measurement is due with each snapshot after the first epoch, before which no image was seen
    twice. It waits until all measurements since the start of the process, itself included, take
    at most ``SHARE`` of the training time since then. Its cost is that of the last one; before
    the first it is estimated from the size of the data and the time of a grid of samples. Where a
    part of the model must be fitted, a small fit is timed once the rest would be short enough.

    Copying is found where the samples have more copies than held-out images, see
    :func:`is_copying`.

    Args:
        trainer: the trainer. A measurement changes neither its weights nor its random numbers,
            and does not count as training time.
        records: the earlier measurements of the run, from its log.
    """

    def __init__(self, trainer: Trainer, records: Sequence[Record]):
        self.trainer = trainer
        self.enabled = trainer.train.watch_copies and trainer.images.count(TRAIN) > 1
        self.restart(records)
        self.cost: float | None = None  # seconds of the next measurement; None before a grid
        # Seconds of its fit, before the first one; None where they are not known yet.
        self.fit_seconds = None if fitting.is_pending(trainer) else 0.0
        self.search: Lookalikes | None = None
        self.held_out = self.held_out_copies = 0

    def restart(self, records: Sequence[Record]) -> None:
        """Begin with the measurements that are in the log, and count time from now on."""
        self.records = list(records)
        self.began, self.spent = self.trainer.seconds, 0.0

    def grid_drawn(self, seconds: float) -> None:
        """Estimate the cost of the first measurement from the time that a grid of samples took."""
        if self.search is None:
            drawn = seconds * COUNT / figures.GRID + (self.fit_seconds or 0.0)
            self.cost = drawn + _search_seconds(self.trainer.images)

    def is_due(self) -> bool:
        """Return whether it is time for a measurement."""
        last = int(self.records[-1]["step"]) if self.records else 0
        due = next_snapshot(max(last, self.trainer.steps_per_epoch)) <= self.trainer.step
        if not self.enabled or self.cost is None or not due:
            return False
        return self.spent + self.cost <= SHARE * (self.trainer.seconds - self.began)

    def measure(self) -> Record | None:
        """Count copies among samples.

        Returns:
            The record for the log; None if a fit was timed instead, and takes so long that the
            measurement has to wait.

        Raises:
            InputError: the density that samples are drawn from cannot be fitted.
        """
        if self.fit_seconds is None and self.cost is not None:
            self._time_fit()
            if not self.is_due():
                return None
        began = time.perf_counter()
        try:
            if self.search is None:
                self._prepare()
            prepared = time.perf_counter()
            copies = self._copies(self._samples())
            self.cost = time.perf_counter() - prepared
        finally:
            self.spent += time.perf_counter() - began
        record = {**self.trainer.when(), "copies.samples": copies / COUNT}
        if self.held_out:
            record["copies.held_out"] = self.held_out_copies / self.held_out
        record["copies.found"] = int(is_copying(copies, self.held_out_copies, self.held_out))
        self.records.append(record)
        return record

    def warning(self) -> str:
        """Return a sentence if the last measurement is the first that found copying; else empty."""
        *earlier, last = self.records
        if not last["copies.found"] or any(record["copies.found"] for record in earlier):
            return ""
        held_out = ""
        if (share := last.get("copies.held_out")) is not None:
            held_out = f", as are {100 * share:.1f} % of held-out images"
        again = "for fewer steps"
        if earlier:
            steps = last_snapshot(int(earlier[-1]["step"]))
            again = f"with `steps={steps}`, whose snapshot shows no sign of it"
        return (
            f"copying begins: at step {last['step']:,}, {100 * last['copies.samples']:.0f} % of "
            f"samples look like copies of training images{held_out}, by pixels alone; stop here, "
            f"and train again {again}, or with more images or `data.augment`"
        )

    def _prepare(self) -> None:
        """Read the training images, and count the copies among held-out images."""
        images, seed = self.trainer.images, self.trainer.seed
        table, rows = images.table, _some(images.splits[TRAIN], TABLE, seed)
        if table.device.type != "cpu":
            table = torch.cat([table[part].cpu() for part in rows.split(1000)])
            rows = torch.arange(len(rows))
        self.search = Lookalikes(table, rows)
        held_out = _some(images.splits[VALIDATION], HELD_OUT, seed)
        self.held_out = len(held_out)
        if self.held_out:
            self.held_out_copies = self._copies(images.batch(held_out).images.cpu())

    def _time_fit(self) -> None:
        """Add the time of a fit to the estimate, by that of a fit to fewer images.

        Fewer images take a larger share of it, so the estimate is rather too high.
        """
        images = min(self._fit_images(), self.trainer.images.count(TRAIN))
        began = time.perf_counter()
        # A fit that fails is said by the measurement, with all images.
        with suppress(InputError), fitting.sampled(self.trainer, max(1, images // TRIAL)):
            pass
        seconds = time.perf_counter() - began
        self.spent += seconds
        self.fit_seconds = TRIAL * seconds
        self.cost = (self.cost or 0.0) + self.fit_seconds

    def _fit_images(self) -> int:
        """Return how many training images the part of a model that is fitted needs."""
        model = self.trainer.model
        return max(FIT, TRIAL * model.fewest) if isinstance(model, Fitted) else 0

    def _samples(self) -> Tensor:
        """Draw the first samples that the run would give now, (COUNT, C, H, W)."""
        trainer = self.trainer
        with (
            fitting.sampled(trainer, self._fit_images()) as model,
            randomness.placed(trainer.seed, "copies", device=trainer.device.device),
        ):
            return torch.cat([*sampling.sample(model, COUNT, trainer.seed)])

    def _copies(self, images: Tensor) -> int:
        """Count the copies among images (N, C, H, W)."""
        assert self.search
        return int((self.search(images).ratios < LIMIT).sum())


def is_copying(copies: int, held_out_copies: int, held_out: int) -> bool:
    """Return whether ``COUNT`` samples have more copies than held-out images, beyond chance.

    The chance that this is said anywhere in a run whose model draws new images is below 1 %, as
    ``LEVEL`` is for one of its measurements; with fewer than ``FEWEST`` held-out images that holds
    as long as at most 3 % of new images are taken for copies.
    """
    missing = max(0, FEWEST - held_out)
    return p_value(copies, COUNT, held_out_copies + bool(missing), held_out + missing) < LEVEL


def p_value(copies: int, images: int, other_copies: int, other_images: int) -> float:
    """Return the chance of so many copies or more, if other images have the same share of them.

    Fisher's exact test, one-sided (Fisher, The Logic of Inductive Inference, 1935).
    """
    total = copies + other_copies
    ways = sum(
        math.comb(images, count) * math.comb(other_images, total - count)
        for count in range(copies, min(images, total) + 1)
    )
    return ways / math.comb(images + other_images, total)


def _some(rows: Tensor, count: int, seed: int) -> Tensor:
    """Return at most so many of some rows, drawn at random, in increasing order."""
    order = torch.randperm(len(rows), generator=randomness.generator(seed, "copy watch"))
    return rows[order[:count].sort().values.to(rows.device)]


def _search_seconds(images: Images) -> float:
    """Estimate the seconds of reading the images to search, and of the first searches."""
    searched = COUNT + min(HELD_OUT, images.count(VALIDATION))
    read = min(TABLE, images.count(TRAIN)) + SEARCH * searched
    return READ_SECONDS * math.prod(images.image_shape) * read
