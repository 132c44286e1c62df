"""The trainings of a study: one after the other, or side by side in worker processes."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genmodels import config
from genmodels.comparison import candidates, schedule
from genmodels.comparison.plan import Job, Match, Plan
from genmodels.comparison.task_display import TaskDisplay
from genmodels.comparison.workers import GO_ON, Task, WorkerPool
from genmodels.config import custom_code
from genmodels.config.settings import Settings
from genmodels.console import Display
from genmodels.errors import Interrupted
from genmodels.training import session

KIND = "training"  # of the tasks of workers


@dataclass(frozen=True)
class Training:
    """A training that a study needs, and its settings."""

    job: Job
    settings: Settings

    @property
    def name(self) -> str:
        """The configuration and the seed."""
        return f"{self.job.name}, seed {self.job.seed}"


@contextmanager
def resumable() -> Iterator[None]:
    """Add to an interruption that the same command continues the study.

    Raises:
        Interrupted: it was stopped.
    """
    try:
        yield
    except Interrupted as error:
        raise Interrupted(error.what, error.code, GO_ON) from None
    except KeyboardInterrupt:
        raise Interrupted("stopped", 128 + signal.SIGINT, GO_ON) from None


def run(
    plan: Plan, jobs: Sequence[Job], match: Match | None, display: Display, pool: WorkerPool | None
) -> None:
    """Run trainings that are not finished yet; those of one seed are next to each other.

    Args:
        plan: the plan of the study.
        jobs: its trainings, or a share of them.
        match: train the other configurations for as many ``seconds`` or ``images`` as the first
            seed of the first one; all its seeds keep their own limit.
        display: shows the progress.
        pool: processes that train side by side; without it the trainings run in turn.

    Raises:
        InputError: with ``match``, a run was trained for longer than the first; or trainings
            failed by a mistake of the user.
        Unfinished: trainings failed.
        Interrupted: a signal came; what can be saved was saved.
    """
    trainings = [Training(job, plan.settings(job)) for job in jobs]
    alone = [each for each in trainings if match and each.job.name == jobs[0].name]
    others = trainings[len(alone) :]
    if alone:
        if pool and others:
            display.say(f"{jobs[0].name} is trained first: its {match} limit the others")
        _run(alone, len(trainings), 0, display, pool)
    if match and others:
        limit = jobs[0].folder.latest().header["progress"][match]
        others = [_limited(plan, each.job, match, limit) for each in others]
    ordered = schedule.alternate(others, lambda training: training.job.name)
    _run(ordered, len(trainings), len(alone), display, pool)


def perform(given: Mapping[str, Any], display: Display) -> None:
    """Train in a worker. ``given`` is what :func:`_task` has made."""
    with custom_code.beside(Path(given["beside"])):
        settings = config.resolve([given["settings"]], given["name"], former_notes=False)
        path = Path(given["out"])
        session.train(settings, given["name"], path, path.exists(), display, given["jobs"])


def _run(
    trainings: Sequence[Training], total: int, done: int, display: Display, pool: WorkerPool | None
) -> None:
    """Run some of the trainings of a study, of which ``total`` there are and ``done`` are done."""
    if pool and trainings:
        jobs = min(pool.jobs, len(trainings))
        tasks = [_task(training, jobs) for training in trainings]
        shown = TaskDisplay(display, KIND, len(tasks), jobs)
        pool.run(tasks, shown, "stopped, and trainings were saved")
        return
    for number, training in enumerate(trainings, done + 1):
        job = training.job
        display.say(f"{training.name}: training {number} of {total}")
        with custom_code.beside(config.find_config(job.source)):
            session.train(training.settings, job.name, job.path, job.path.exists(), display)


def _task(training: Training, jobs: int) -> Task:
    """Return the task of a training beside ``jobs`` − 1 others."""
    given = {
        "name": training.job.name,
        "beside": str(config.find_config(training.job.source)),
        "settings": training.settings.plain(),
        "out": str(training.job.path),
        "jobs": jobs,
    }
    return Task(training.name, KIND, given)


def _limited(plan: Plan, job: Job, match: Match, limit: float) -> Training:
    """Return a training that has as many seconds or images as the first one had.

    Raises:
        InputError: the kept run was trained for longer.
    """
    settings = plan.settings(job)
    train: dict[str, Any] = {"budget": float(limit)}
    if match == "images":
        train = {"steps": max(1, round(limit / settings.train.batch_size))}
    layers = [*plan.layers, {"seed": job.seed}, {"train": train}]
    settings = config.read(job.source, layers)
    candidates.check_length(job.folder, settings)
    return Training(job, settings)
