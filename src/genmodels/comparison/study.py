"""A study: it trains what is missing, in turn or side by side, and compares all runs."""

from contextlib import nullcontext
from dataclasses import dataclass

import torch

from genmodels.comparison import measure, plan, schedule, trainings
from genmodels.comparison.measure import Measurement
from genmodels.comparison.plan import Match, Plan
from genmodels.comparison.result import Comparison
from genmodels.comparison.schedule import Jobs
from genmodels.comparison.workers import WorkerPool
from genmodels.console import Display
from genmodels.errors import InputError
from genmodels.system import tuning
from genmodels.system.device import Device, physical_cores


@dataclass(frozen=True)
class Study:
    """What is trained and compared, and how.

    Attributes:
        plan: the runs and trainings.
        match: what all trainings have in common with the first.
        shard: ``K/N``: train only this share of the runs, and compare nothing.
        measurement: how all runs and images are measured.
        jobs: how many tasks run at a time.
        threads: CPU threads; None for the number of the configuration.
    """

    plan: Plan
    match: Match | None
    shard: str | None
    measurement: Measurement
    jobs: Jobs
    threads: int | None

    def run(self, where: Device, display: Display) -> Comparison | None:
        """Train and compare; a shard is only trained.

        Args:
            where: the device that samples are generated on.
            display: shows the progress.

        Raises:
            InputError: the shard is not valid, or is combined with ``match``; the runs cannot be
                compared or read; or a task failed by a mistake of the user.
            Unfinished: processes of trainings or evaluations died.
            Interrupted: a signal came; what can be saved was saved.
        """
        if self.shard and self.match:
            raise InputError("`match` needs the first run before the others; leave out `shard`")
        every, how = self.plan.jobs, self.measurement
        trained = every if self.shard is None else plan.share(every, self.shard)
        with tuning.threads(self.threads), trainings.resumable():
            table = plan.check(self.plan, self.match, how.features, display, how.utility)
            tasks = max(1, len(trained if every else self.plan.folders))
            layout = schedule.layout(self.jobs, tasks, _machine(where), table, self.threads)
            if self.jobs != 1:
                display.say(layout.sentence)
            with WorkerPool(layout) if layout.jobs > 1 else nullcontext() as pool:
                trainings.run(self.plan, trained, self.match, display, pool)
                if self.shard:
                    return None
                return measure.compare(self.plan.subjects, how, where, display, pool)


def _machine(where: Device) -> schedule.Machine:
    """Return what a study may use, whose samples are generated on a device."""
    cores, threads = physical_cores(), torch.get_num_threads()
    return schedule.Machine(where.device.type, cores, threads, where.free_memory())
