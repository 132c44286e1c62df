"""The shared trainer: one loop over the phases of any model.

It yields records and writes no files. Between two records it does nothing, so the reader of the
records can save, draw or stop.
"""

import math
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

import torch
from torch import Tensor

from genmodels.config.settings import Train
from genmodels.data import feed
from genmodels.data.augment import NOTHING, Augmentation
from genmodels.data.images import TEST, TRAIN, VALIDATION, Batch, Images
from genmodels.errors import NotFinite
from genmodels.models.base import Model
from genmodels.runs.manifest import Record, SavedProgress
from genmodels.system import randomness
from genmodels.system.device import Device
from genmodels.system.distributed import SINGLE, Processes
from genmodels.training import data_checks, execution, validation
from genmodels.training.records import Epoch, Progress, Totals, by_term, next_snapshot
from genmodels.training.step import MAX_UNCOLLECTED, Step

PAUSE_SECONDS = 0.5  # time of training between two records


class Trainer:
    """Trains any model on any images.

    Args:
        model: the model. It is moved to the device and trained in place.
        images: the data set, with at least one batch of training images.
        train: batch size, limit, optimiser and other settings.
        seed: the seed of the run.
        device: the device and the precision.
        placement: the place of the table of images.
        augmentation: the random changes of training images.
        processes: the processes that train together; each takes its share of every batch.

    Attributes:
        step: the number of steps so far.
        seconds: the time of the training steps so far.
        recorded: the step of the last record of an epoch.

    Raises:
        InputError: there are too few training images; see :mod:`genmodels.training.data_checks`.
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
        processes: Processes = SINGLE,
    ):
        data_checks.check(model, images, train, processes)
        self.model = model.to(device.device)
        self.train, self.seed, self.device, self.processes = train, seed, device, processes
        self.feed = feed.choose(images, placement, device.device, device.free_memory())
        self.images, self.augmentation = self.feed.images, augmentation
        self.steps_per_epoch = images.count(TRAIN) // train.batch_size
        self.step, self.seconds, self.totals = 0, 0.0, Totals()
        self.recorded = 0
        self.rollbacks = 0  # returns to a checkpoint because a number was not finite
        images_a_step = train.batch_size // processes.world_size
        work = execution.Work.of(self.model, images_a_step, self.total_steps, train.budget)
        chosen = execution.choose(train.execution, device, work)
        self.run_step = Step(self.model, train, seed, device, chosen, processes)
        self.order: tuple[int, Tensor] = (-1, torch.empty(0))  # an epoch, and its rows
        self.rate = 0.0  # images per second since the last record

    @property
    def notes(self) -> list[str]:
        """Where the images are and how steps run, in sentences for the user."""
        return [self.feed.why, *self.run_step.notes]

    @property
    def total_steps(self) -> int | None:
        """The number of steps at the limit; None where the limit is a time."""
        if self.train.epochs is not None:
            return self.train.epochs * self.steps_per_epoch
        return self.train.steps

    def remaining_snapshots(self) -> int:
        """Return the number of snapshots to come; an estimate where the limit is a time."""
        step, count, end = self.step, 0, self.total_steps or 1_000_000
        while (step := next_snapshot(step)) <= end:
            count += 1
        return count

    def limit_reached(self) -> bool:
        """Return whether all steps are done."""
        steps = self.total_steps
        return self._budget_spent(self.seconds) if steps is None else self.step >= steps

    def is_complete(self) -> bool:
        """Return whether all steps are done and the last epoch is recorded."""
        return self.limit_reached() and self.recorded == self.step

    def records(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Progress | Epoch]:
        """Train until the limit, and yield the records.

        Args:
            stop: called between two steps, and between two batches of an evaluation; true to
                stop there. An evaluation that is stopped is repeated when the run is resumed.

        Raises:
            NotFinite: a term became NaN or infinite; the message names step, phase and term.
        """
        while True:
            epoch_ended = self.step % self.steps_per_epoch == 0
            if self.step > self.recorded and (epoch_ended or self.limit_reached()):
                record = self._record(stop)
                if record:
                    yield Epoch(record)
                    self.recorded = self.step
                    self.totals = Totals() if epoch_ended else self.totals
            if self.processes.any(stop(), self.device.device) or self.limit_reached():
                return
            yield self._run_steps(stop)

    def _run_steps(self, stop: Callable[[], bool]) -> Progress:
        """Run steps until the next record is due."""
        first, began = self.step, time.perf_counter()
        end = min(
            first - first % self.steps_per_epoch + self.steps_per_epoch,
            next_snapshot(first),
            first + MAX_UNCOLLECTED,
            self.total_steps or sys.maxsize,
        )
        single = self.processes.is_single
        if not single:  # all processes run the same number of steps, which the first one plans
            planned = max(1, int(PAUSE_SECONDS * self.rate / self.train.batch_size))
            end = min(end, first + int(self.processes.from_first(planned, self.device.device)))
        self.model.train()
        with closing(self._batches(first, end)) as batches:
            for batch in batches:
                self.run_step(batch, self.step)
                self.step += 1
                elapsed = time.perf_counter() - began
                spent = self._budget_spent(self.seconds + elapsed)
                if single and (spent or elapsed > PAUSE_SECONDS or stop()):
                    break
        self.device.synchronize()
        elapsed = time.perf_counter() - began
        self.seconds = self.processes.from_first(self.seconds + elapsed, self.device.device)
        self.rate = (self.step - first) * self.train.batch_size / elapsed
        terms = self._add_terms(self.run_step.collect())
        images, snapshot = self.step * self.train.batch_size, next_snapshot(self.step - 1)
        return Progress(self.step, images, self.seconds, self.rate, terms, self.step == snapshot)

    def _batches(self, first: int, end: int) -> Generator[Batch]:
        """Yield this process's shares of the batches of steps ``first`` to ``end`` of an epoch."""
        epoch, done = divmod(first, self.steps_per_epoch)
        size = self.train.batch_size
        rows = self._order(epoch)[done * size : (done + end - first) * size]
        share = self.processes.share(rows.view(-1, size).T).T.flatten()
        batches = self.feed.batches(share, size // self.processes.world_size)
        for number, batch in enumerate(batches, first):
            if self.augmentation:
                position = ("augment", number, self.processes.rank)
                yield self.augmentation(batch, randomness.generator(self.seed, *position))
            else:
                yield batch

    def _budget_spent(self, seconds: float) -> bool:
        return self.train.budget is not None and seconds >= self.train.budget

    def _order(self, epoch: int) -> Tensor:
        """Return the rows of an epoch in their random order, which is the same on every device."""
        if self.order[0] != epoch:
            rows = self.images.splits[TRAIN]
            permutation = torch.randperm(
                len(rows), generator=randomness.generator(self.seed, "order", epoch)
            )
            self.order = (epoch, rows[permutation.to(rows.device)])
        return self.order[1]

    def _add_terms(self, history: list[tuple[int, dict[str, Tensor]]]) -> dict[str, float]:
        """Add the terms of some steps to the totals of the epoch, and return their means.

        All values of a term are moved from the device at once.

        Raises:
            NotFinite: a term is NaN or infinite.
        """
        recent = Totals()
        columns = by_term(history)
        if not self.processes.is_single:
            columns = {
                name: (steps, values.to(self.device.device))
                for name, (steps, values) in columns.items()
            }
            self.processes.mean([values for _, values in columns.values()])
        broken: list[tuple[int, str]] = []
        for name, (steps, on_device) in columns.items():
            values = on_device.cpu()
            finite = values.isfinite()
            if not finite.all():
                broken.append((steps[int(finite.logical_not().nonzero()[0])], name))
            recent.add(name, values)
            self.totals.add(name, values)
        if broken:
            step, name = min(broken, key=lambda entry: entry[0])
            phase, _, term = name.partition(".")
            raise NotFinite(f"term {term!r} of phase {phase!r} is not finite at step {step + 1}")
        return recent.means()

    def roll_back(self, tensors: dict[str, Tensor], progress: SavedProgress) -> None:
        """Restore an earlier :meth:`state`, and halve every learning rate.

        With each further call the rates are halved once more.
        """
        rollbacks = self.rollbacks + 1
        self.restore(tensors, progress)
        self.rollbacks = rollbacks
        self.run_step.scale_rates(0.5**rollbacks)

    def _record(self, stop: Callable[[], bool]) -> Record | None:
        """Return the record of an epoch, or of its part up to the limit; None if stopped."""
        measured: dict[str, float] = {}
        for split in (VALIDATION, TEST):
            metrics = self.evaluate(split, stop)
            if metrics is None:
                return None
            measured |= metrics
        broken = [name for name, value in measured.items() if not math.isfinite(value)]
        if broken:
            raise NotFinite(f"{broken[0]!r} is not finite at step {self.step}")
        terms = {f"train.{name}": value for name, value in self.totals.means().items()}
        return {**self.when(), **terms, **measured}

    def when(self) -> Record:
        """Return how far training is: the first keys of a record of the log."""
        epoch = self.step / self.steps_per_epoch
        return {
            "epoch": int(epoch) if epoch == int(epoch) else round(epoch, 4),
            "step": self.step,
            "images": self.step * self.train.batch_size,
            "seconds": round(self.seconds, 4),
        }

    def evaluate(
        self, split: str, stop: Callable[[], bool] = lambda: False
    ) -> dict[str, float] | None:
        """Compute the means of the validation metrics over a split, with the last weights.

        Returns:
            ``<split>.<term>`` → mean; empty for an empty split and in all processes but the
            first, None if stopped.
        """
        if not self.processes.is_first:
            return {}
        return validation.evaluate(self.model, self.feed, split, self.seed, self.device, stop)

    def state(self) -> tuple[dict[str, Tensor], SavedProgress]:
        """Return what the next steps depend on: tensors, and numbers for a checkpoint's header."""
        progress: SavedProgress = {
            "step": self.step,
            "images": self.step * self.train.batch_size,
            "seconds": self.seconds,
            "sums": self.totals.sums,
            "counts": self.totals.counts,
            "recorded": self.recorded,
            "rollbacks": self.rollbacks,
            "flops_per_image": self.run_step.flops / self.train.batch_size,
            "flops": self.run_step.gradients.flops,
            "modes": self.run_step.gradients.modes,
            "rates": self.run_step.rates,
            "peak_memory_mib": self.device.peak_memory(),
        }
        return self.run_step.state(), progress

    def restore(self, tensors: dict[str, Tensor], progress: SavedProgress) -> None:
        """Restore what :meth:`state` returned."""
        self.run_step.restore(tensors)
        self.step, self.seconds = progress["step"], progress["seconds"]
        self.totals = Totals(dict(progress["sums"]), dict(progress["counts"]))
        epoch_start = self.step - self.step % self.steps_per_epoch
        self.recorded = progress.get("recorded", epoch_start)
        self.rollbacks = progress.get("rollbacks", 0)
        self.run_step.compare_rates(progress.get("rates"))
        self.run_step.gradients.restore(progress.get("modes"), progress.get("flops", {}))
        self.run_step.scale_rates(0.5**self.rollbacks)
