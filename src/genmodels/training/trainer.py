"""The only trainer: one loop over phases.

It yields records and draws nothing; between two records it is at rest, so whoever reads
them may save, draw or stop. It knows no model.
"""

import math
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

import torch
from torch import Tensor

from genmodels.config.settings import Train
from genmodels.data import feed
from genmodels.data.augment import NOTHING, Augmentation
from genmodels.data.images import TEST, TRAIN, VALIDATION, Batch, Images
from genmodels.errors import NotFinite
from genmodels.models.base import Model
from genmodels.system import randomness
from genmodels.system.device import Device
from genmodels.system.distributed import ALONE, Ranks
from genmodels.training import data_checks, execution, validation
from genmodels.training.records import Epoch, Progress, Totals, next_snapshot
from genmodels.training.step import BETWEEN, Step

PAUSE_SECONDS = 0.5  # that the loop runs between two looks at its terms


class Trainer:
    """Trains any model on any images.

    Args:
        model: to be trained in place; moved to the device.
        images: with at least one batch of training images.
        train: batch size, limit, optimiser and so on.
        seed: of the run.
        device: where and how precisely to compute.
        placement: where the table of images is.
        augmentation: what is done to the images of a batch.
        ranks: the processes that train together; each takes its share of every batch.

    Attributes:
        notes: how it trains, one sentence each.

    Raises:
        InputError: there are not :mod:`enough <genmodels.training.data_checks>` images.
    """

    def __init__(
        self,
        model: Model,
        images: Images,
        train: Train,
        seed: int,
        device: Device,
        placement: feed.Placement = "auto",
        augmentation: Augmentation = NOTHING,
        ranks: Ranks = ALONE,
    ):
        data_checks.check(model, images, train, ranks)
        self.model = model.to(device.device)
        self.train, self.seed, self.device, self.ranks = train, seed, device, ranks
        self.feed = feed.choose(images, placement, device.device, device.free_memory())
        self.images, self.augmentation = self.feed.images, augmentation
        self.steps_per_epoch = images.count(TRAIN) // train.batch_size
        self.step, self.seconds, self.totals = 0, 0.0, Totals()
        self.recorded = 0  # the step of the last record of an epoch
        self.rollbacks = 0  # times that it went back because a number was not finite
        way = execution.choose(train.execution, device, self.total_steps)
        self.run_step = Step(self.model, train, seed, device, way, ranks)
        self.order: tuple[int, Tensor] = (-1, torch.empty(0))  # the epoch, and its rows
        self.rate = 0.0  # images a second, of late

    @property
    def notes(self) -> list[str]:
        """How it trains, one sentence each."""
        return [self.feed.why, *self.run_step.notes]

    @property
    def total_steps(self) -> int | None:
        """The step at which training ends; None where the limit is a time."""
        if self.train.epochs is not None:
            return self.train.epochs * self.steps_per_epoch
        return self.train.steps

    def snapshots_left(self) -> int:
        """How many snapshots are to come; a guess where the limit is a time."""
        step, count, end = self.step, 0, self.total_steps or 1_000_000
        while (step := next_snapshot(step)) <= end:
            count += 1
        return count

    def finished(self) -> bool:
        """Whether the limit is reached."""
        if self.total_steps is None:
            return self._spent(self.seconds)
        return self.step >= self.total_steps

    def done(self) -> bool:
        """Whether the limit is reached, and recorded."""
        return self.finished() and self.recorded == self.step

    def records(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Progress | Epoch]:
        """Train until the limit, or until ``stop`` says so between two steps, or between two
        batches of an evaluation; what it was to record then is recorded when it is resumed.

        Raises:
            NotFinite: a term became NaN or infinite; the message names step, phase, term.
        """
        while True:
            whole = self.step % self.steps_per_epoch == 0
            if self.step > self.recorded and (whole or self.finished()):
                record = self._record(stop)
                if record:
                    yield Epoch(record)
                    self.recorded = self.step
                    self.totals = Totals() if whole else self.totals
            if self.ranks.any(stop(), self.device.device) or self.finished():
                return
            yield self._stretch(stop)

    def _stretch(self, stop: Callable[[], bool]) -> Progress:
        """Run steps up to the next place where somebody may want to look."""
        first, began = self.step, time.perf_counter()
        end = min(
            first - first % self.steps_per_epoch + self.steps_per_epoch,
            next_snapshot(first),
            first + BETWEEN,
            self.total_steps or sys.maxsize,
        )
        alone = self.ranks.world == 1
        if not alone:  # all must run equally many steps, so the first one says how many
            planned = max(1, int(PAUSE_SECONDS * self.rate / self.train.batch_size))
            end = min(end, first + int(self.ranks.agree(planned, self.device.device)))
        self.model.train()
        with closing(self._batches(first, end)) as batches:
            for batch in batches:
                self.run_step(batch, self.step)
                self.step += 1
                elapsed = time.perf_counter() - began
                spent = self._spent(self.seconds + elapsed)
                if alone and (spent or elapsed > PAUSE_SECONDS or stop()):
                    break
        self.device.synchronize()
        elapsed = time.perf_counter() - began
        self.seconds = self.ranks.agree(self.seconds + elapsed, self.device.device)
        self.rate = (self.step - first) * self.train.batch_size / elapsed
        terms = self._account(self.run_step.collect())
        return Progress(
            self.step,
            self.step * self.train.batch_size,
            self.seconds,
            self.rate,
            terms,
            self.step == next_snapshot(self.step - 1),
        )

    def _batches(self, first: int, end: int) -> Generator[Batch]:
        """The batches of steps within one epoch; of each, what this process takes."""
        epoch, done = divmod(first, self.steps_per_epoch)
        size = self.train.batch_size
        rows = self._order(epoch)[done * size : (done + end - first) * size]
        mine = self.ranks.share(rows.view(-1, size).T).T.flatten()
        for number, batch in enumerate(self.feed.batches(mine, size // self.ranks.world), first):
            if self.augmentation:
                place = ("augment", number, self.ranks.rank)
                yield self.augmentation(batch, randomness.generator(self.seed, *place))
            else:
                yield batch

    def _spent(self, seconds: float) -> bool:
        return self.train.budget is not None and seconds >= self.train.budget

    def _order(self, epoch: int) -> Tensor:
        """The rows of an epoch, the same on every device."""
        if self.order[0] != epoch:
            rows = self.images.splits[TRAIN]
            permutation = torch.randperm(
                len(rows), generator=randomness.generator(self.seed, "order", epoch)
            )
            self.order = (epoch, rows[permutation.to(rows.device)])
        return self.order[1]

    def _account(self, history: list[tuple[int, dict[str, Tensor]]]) -> dict[str, float]:
        """Add the terms of a stretch to the epoch's; one synchronisation for all of them."""
        recent = Totals()
        columns = {
            name: [(step, terms[name]) for step, terms in history if name in terms]
            for name in dict.fromkeys(name for _, terms in history for name in terms)
        }
        stacked = {
            name: torch.stack([value for _, value in entries]).float()
            for name, entries in columns.items()
        }
        if self.ranks.world > 1:
            stacked = {name: values.to(self.device.device) for name, values in stacked.items()}
            self.ranks.mean(list(stacked.values()))
        broken: list[tuple[int, str]] = []
        for name, entries in columns.items():
            values = stacked[name].cpu()
            finite = values.isfinite()
            if not finite.all():
                broken.append((entries[int(finite.logical_not().nonzero()[0])][0], name))
            recent.add(name, values)
            self.totals.add(name, values)
        if broken:
            step, name = min(broken, key=lambda entry: entry[0])
            phase, _, term = name.partition(".")
            raise NotFinite(
                f"term {term!r} of phase {phase!r} is not finite at step {step + 1}", self.advice
            )
        return recent.means()

    @property
    def advice(self) -> str:
        """What helps against numbers that grow without bound."""
        exact = " or train.precision=fp32" if self.device.precision != "fp32" else ""
        return (
            f"nothing of it was saved: lower train.optimizer.lr, set train.clip=1{exact}, "
            "or take `on_nan=rollback`"
        )

    def roll_back(self, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        """Go back to where :meth:`state` was taken, and on from there more slowly: every
        learning rate is halved, once more each time."""
        times = self.rollbacks + 1
        self.restore(tensors, progress)
        self.rollbacks = times
        self.run_step.slow_down(0.5**times)

    def _record(self, stop: Callable[[], bool]) -> dict[str, Any] | None:
        """The record of an epoch, or of what was trained of one; None if stopped."""
        epoch = self.step / self.steps_per_epoch
        measured: dict[str, float] = {}
        for split in (VALIDATION, TEST):
            found = self.held_out(split, stop)
            if found is None:
                return None
            measured |= found
        broken = [name for name, value in measured.items() if not math.isfinite(value)]
        if broken:
            raise NotFinite(f"{broken[0]!r} is not finite at step {self.step}", self.advice)
        return {
            "epoch": int(epoch) if epoch == int(epoch) else round(epoch, 4),
            "step": self.step,
            "images": self.step * self.train.batch_size,
            "seconds": round(self.seconds, 4),
            **{f"train.{name}": value for name, value in self.totals.means().items()},
            **measured,
        }

    def held_out(
        self, split: str, stop: Callable[[], bool] = lambda: False
    ) -> dict[str, float] | None:
        """``<split>.<term>`` → mean over a split with the last weights; empty for an empty
        split, None if stopped."""
        if not self.ranks.first:
            return {}
        return validation.evaluate(self.model, self.feed, split, self.seed, self.device, stop)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything the run depends on: tensors, and numbers for the header."""
        progress = {
            "step": self.step,
            "images": self.step * self.train.batch_size,
            "seconds": self.seconds,
            "sums": self.totals.sums,
            "counts": self.totals.counts,
            "recorded": self.recorded,
            "rollbacks": self.rollbacks,
            "flops_per_image": self.run_step.flops / self.train.batch_size,
            "flops": self.run_step.flops_of,
            "peak_memory_mib": self.device.peak_memory(),
        }
        return self.run_step.state(), progress

    def restore(self, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
        """Continue where :meth:`state` was taken."""
        self.run_step.restore(tensors)
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.totals = Totals(dict(progress["sums"]), dict(progress["counts"]))
        whole = self.step - self.step % self.steps_per_epoch
        self.recorded = progress.get("recorded", whole)
        self.rollbacks = progress.get("rollbacks", 0)
        self.run_step.flops_of = dict(progress.get("flops", {}))
        self.run_step.slow_down(0.5**self.rollbacks)
