"""The only trainer: one loop over phases.

It yields records and draws nothing; between two records it is at rest, so whoever reads
them may save, draw or stop. It knows no model.
"""

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from genmodels import randomness
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.device import Device
from genmodels.errors import InputError
from genmodels.models.base import Model
from genmodels.settings import Train
from genmodels.training.step import Step

PAUSE_SECONDS, PAUSE_STEPS = 0.5, 200  # how long the loop runs between two looks at its terms
HELD_OUT_BATCH = 1000


@dataclass(frozen=True)
class Progress:
    """Where training stands, some times a second.

    Attributes:
        step: steps done.
        images: training images seen.
        seconds: seconds of training steps, without evaluation, figures and saves.
        rate: images per second since the last record.
        terms: ``<phase>.<term>`` → mean since the last record.
        snapshot: whether the step is one of those whose weights are kept.
    """

    step: int
    images: int
    seconds: float
    rate: float
    terms: dict[str, float]
    snapshot: bool


@dataclass(frozen=True)
class Epoch:
    """The end of an epoch, or of training within one: one record of the log."""

    record: dict[str, Any]


@dataclass
class Totals:
    """Sums of terms over an epoch, in float64."""

    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, values: Tensor) -> None:
        """Add a term's values."""
        self.sums[name] = self.sums.get(name, 0.0) + values.double().sum().item()
        self.counts[name] = self.counts.get(name, 0) + len(values)

    def means(self) -> dict[str, float]:
        """Term → mean."""
        return {name: self.sums[name] / self.counts[name] for name in self.sums}


class Trainer:
    """Trains any model on any images.

    Args:
        model: to be trained in place; moved to the device.
        images: with at least one batch of training images.
        train: batch size, limit, optimiser and so on.
        seed: of the run.
        device: where and how precisely to compute.

    Raises:
        InputError: fewer training images than one batch.
    """

    def __init__(self, model: Model, images: Images, train: Train, seed: int, device: Device):
        count = images.count(TRAIN)
        if count == 0:
            raise InputError(
                f"{images.name} has no training images: all that are equal are held out together, "
                "and none are left; add images that differ"
            )
        if count < train.batch_size:
            raise InputError(
                f"{images.name} has {count} training images, fewer than one batch of "
                f"{train.batch_size}; add images or lower it with --set train.batch_size={count}"
            )
        self.model = model.to(device.device)
        self.images = images.to(device.device)
        self.train, self.seed, self.device = train, seed, device
        self.steps_per_epoch = count // train.batch_size
        self.run_step = Step(self.model, train, seed, device)
        self.step, self.seconds, self.totals = 0, 0.0, Totals()

    @property
    def total_steps(self) -> int | None:
        """The step at which training ends; None where the limit is a time."""
        if self.train.epochs is not None:
            return self.train.epochs * self.steps_per_epoch
        return self.train.steps

    def finished(self) -> bool:
        """Whether the limit is reached."""
        if self.train.budget is not None:
            return self.seconds >= self.train.budget
        assert self.total_steps is not None
        return self.step >= self.total_steps

    def records(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Progress | Epoch]:
        """Train until the limit, or until ``stop`` says so between two steps.

        Raises:
            InputError: a term became NaN or infinite; the message names step, phase, term.
        """
        if self.finished():
            return
        recorded = True
        while not self.finished() and not stop():
            yield self._stretch(stop)
            recorded = self.step % self.steps_per_epoch == 0
            if recorded:
                yield Epoch(self._record())
                self.totals = Totals()
        if not recorded:
            yield Epoch(self._record())

    def _stretch(self, stop: Callable[[], bool]) -> Progress:
        """Run steps up to the next place where somebody may want to look."""
        first, began = self.step, time.perf_counter()
        epoch, done = divmod(first, self.steps_per_epoch)
        end = min(
            first - done + self.steps_per_epoch,
            next_snapshot(first),
            first + PAUSE_STEPS,
            self.total_steps or sys.maxsize,
        )
        order, size = self._order(epoch), self.train.batch_size
        history: list[dict[str, Tensor]] = []
        self.model.train()
        while self.step < end:
            position = self.step % self.steps_per_epoch * size
            batch = self.images.batch(order[position : position + size])
            history.append(self.run_step(batch, self.step))
            self.step += 1
            elapsed = time.perf_counter() - began
            spent = self.train.budget is not None and self.seconds + elapsed >= self.train.budget
            if spent or elapsed > PAUSE_SECONDS or stop():
                break
        self.device.synchronize()
        elapsed = time.perf_counter() - began
        self.seconds += elapsed
        rate = (self.step - first) * size / elapsed
        terms = self._account(history, first)
        snapshot = self.step == next_snapshot(self.step - 1)
        return Progress(self.step, self.step * size, self.seconds, rate, terms, snapshot)

    def _order(self, epoch: int) -> Tensor:
        """The rows of an epoch, the same on every device."""
        rows = self.images.splits[TRAIN]
        permutation = torch.randperm(
            len(rows), generator=randomness.generator(self.seed, "order", epoch)
        )
        return rows[permutation.to(rows.device)]

    def _account(self, history: list[dict[str, Tensor]], first: int) -> dict[str, float]:
        """Add the terms of a stretch to the epoch's; one synchronisation for all of them."""
        recent = Totals()
        columns = {
            name: [(first + i, terms[name]) for i, terms in enumerate(history) if name in terms]
            for name in dict.fromkeys(name for terms in history for name in terms)
        }
        broken: list[tuple[int, str]] = []
        for name, entries in columns.items():
            values = torch.stack([value for _, value in entries]).float().cpu()
            finite = values.isfinite()
            if not finite.all():
                broken.append((entries[int(finite.logical_not().nonzero()[0])][0], name))
            recent.add(name, values)
            self.totals.add(name, values)
        if broken:
            step, name = min(broken, key=lambda entry: entry[0])
            phase, _, term = name.partition(".")
            raise InputError(
                f"term {term!r} of phase {phase!r} is not finite at step {step + 1}; nothing of "
                "it was saved: lower train.optimizer.lr, or set train.clip=1"
                + (" or train.precision=fp32" if self.device.precision != "fp32" else "")
                + ", then train again"
            )
        return recent.means()

    def _record(self) -> dict[str, Any]:
        epoch = self.step / self.steps_per_epoch
        return {
            "epoch": int(epoch) if epoch == int(epoch) else round(epoch, 4),
            "step": self.step,
            "images": self.step * self.train.batch_size,
            "seconds": round(self.seconds, 4),
            **{f"train.{name}": value for name, value in self.totals.means().items()},
            **self.held_out(VALIDATION),
            **self.held_out(TEST),
        }

    @torch.no_grad()
    def held_out(self, split: str) -> dict[str, float]:
        """``<split>.<term>`` → mean over a split with the last weights; empty for an empty
        split. The noise is the same each time, so curves move by the weights alone."""
        totals: dict[str, float] = {}
        self.model.eval()
        with randomness.placed(self.seed, split, device=self.device.device):
            for batch in self.images.batches(split, HELD_OUT_BATCH):
                with self.device.autocast():
                    terms = self.model.held_out(batch)
                for name, value in terms.items():
                    totals[name] = totals.get(name, 0.0) + value.item() * len(batch.images)
        self.model.train()
        return {f"{split}.{name}": sum_ / self.images.count(split) for name, sum_ in totals.items()}

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything the run depends on: tensors, and numbers for the header."""
        progress = {
            "step": self.step,
            "images": self.step * self.train.batch_size,
            "seconds": self.seconds,
            "sums": self.totals.sums,
            "counts": self.totals.counts,
            "flops_per_image": self.run_step.flops / self.train.batch_size,
            "peak_memory_mib": self.device.peak_memory(),
        }
        return self.run_step.state(), progress

    def restore(self, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        """Continue where :meth:`state` was taken."""
        self.run_step.restore(tensors)
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.totals = Totals(dict(progress["sums"]), dict(progress["counts"]))


def next_snapshot(step: int) -> int:
    """The first of 100, 200, 500, 1000, 2000, … after a step."""
    power = 10 ** max(2, math.floor(math.log10(max(step, 1))))
    return next(n for n in (power, 2 * power, 5 * power, 10 * power) if n > step)
