"""The evaluations of a comparison: one after the other, or side by side in worker processes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from genmodels import runs
from genmodels.comparison import schedule, transport
from genmodels.comparison.kept import FOLDER, Subject
from genmodels.comparison.request import Parts, Request
from genmodels.comparison.task_display import TaskDisplay
from genmodels.comparison.workers import Task, WorkerPool
from genmodels.console import Display
from genmodels.data.given import GivenImages
from genmodels.errors import duration
from genmodels.evaluation import baselines
from genmodels.evaluation.draws import DrawProgress
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.reference import Reference
from genmodels.system import cache
from genmodels.system.tuning import threads

RUN, BASELINE = "evaluation", "baseline"  # kinds of the tasks of workers


@dataclass(frozen=True)
class Evaluated:
    """The scores of the baselines by name, and the evaluation of each run and of given images."""

    baselines: Mapping[str, Scored]
    subjects: Mapping[Subject, Evaluation]


def run(
    request: Request,
    references: Sequence[Reference],
    subjects: Sequence[Subject],
    display: Display,
    pool: WorkerPool | None,
) -> Evaluated:
    """Evaluate runs, given images and baselines; what was evaluated before is read from the cache.

    Args:
        request: what is the same for all.
        references: the real images, with the features of each judge.
        subjects: runs and given images.
        display: shows the progress.
        pool: processes that evaluate side by side; without it the runs are evaluated in turn.

    Raises:
        InputError: a run has no checkpoint, or its images are not finite.
        Unfinished: processes of evaluations died.
        Interrupted: a signal came while evaluations ran side by side.
    """
    scored = {name: request.find_baseline(name, references) for name in baselines.SCORES}
    parts = {subject: request.find(subject, references) for subject in subjects}
    made = {subject: found.whole for subject, found in parts.items()}
    names = [name for name, found in scored.items() if found is None]
    missing = [subject for subject, found in made.items() if found is None]
    _say_what_is_known(parts, made, display)
    new = Evaluated({}, {})
    if names or missing:
        if pool:
            new = _side_by_side(request, references, missing, names, display, pool)
        else:
            new = _in_turn(request, references, missing, names, display)
    return Evaluated(
        {name: found or new.baselines[name] for name, found in scored.items()},
        {subject: found or new.subjects[subject] for subject, found in made.items()},
    )


def _say_what_is_known(
    parts: Mapping[Subject, Parts], made: Mapping[Subject, Evaluation | None], display: Display
) -> None:
    """Say how many evaluations are read, and for how many a judge is new."""
    known = sum(found is not None for found in made.values())
    new = sum(parts[each].first is not None for each, found in made.items() if found is None)
    given = any(isinstance(subject, GivenImages) for subject in made)
    what = "runs and given images" if given else "runs"
    if known:
        display.say(
            f"{known} of {len(made)} {what} were evaluated before, with the same settings: read "
            f"from {cache.path(FOLDER)}"
        )
    if new:
        display.say(
            f"{new} of {len(made)} {what} were evaluated before by other judges alone: their "
            "samples are drawn again for those that are new"
        )


def _in_turn(
    request: Request,
    references: Sequence[Reference],
    subjects: Sequence[Subject],
    names: Sequence[str],
    display: Display,
) -> Evaluated:
    """Evaluate baselines, runs and given images one after the other."""
    before = 1 if names else 0  # the baselines together are one step of the progress
    total = before + len(subjects)
    if names:
        display.advance("comparing", 0, total, "floor and baselines")
    scored = {name: request.score(name, references) for name in names}
    made: dict[Subject, Evaluation] = {}
    for number, subject in enumerate(subjects, before):
        progress = _progress_of(display, subject, number, total)
        made[subject] = request.evaluate(subject, references, progress)
    display.close()
    return Evaluated(scored, made)


def _side_by_side(
    request: Request,
    references: Sequence[Reference],
    subjects: Sequence[Subject],
    names: Sequence[str],
    display: Display,
    pool: WorkerPool,
) -> Evaluated:
    """Evaluate runs in worker processes. The runs of one seed are next to each other.

    Given images are in memory and need no model, so they are evaluated in this process before.
    """
    given = [subject for subject in subjects if isinstance(subject, GivenImages)]
    with threads(request.threads):
        in_turn = _in_turn(request, references, given, (), display)
    folders = [subject for subject in subjects if isinstance(subject, runs.Folder)]
    ordered = schedule.alternate(folders, lambda folder: folder.config_name)
    common = {"request": asdict(request)}
    tasks = [Task(str(each.path), RUN, {**common, "run": str(each.path)}) for each in ordered]
    tasks += [Task(f"baseline {name}", BASELINE, {**common, "name": name}) for name in names]
    shown = TaskDisplay(display, RUN, len(tasks), pool.jobs, announced=False)
    found = pool.run(tasks, shown, "stopped while runs were evaluated")
    evaluations = map(transport.evaluation, found[: len(ordered)])
    scored = map(transport.scored, found[len(ordered) :])
    return Evaluated(
        dict(zip(names, scored, strict=True)),
        {**in_turn.subjects, **dict(zip(ordered, evaluations, strict=True))},
    )


def perform(given: Mapping[str, Any], display: Display) -> Evaluation:
    """Evaluate a run in a worker."""
    request = Request.parse(given["request"])

    def progress(made: int, images: int) -> None:
        display.advance(RUN, made, images)

    return request.evaluate(runs.Folder(Path(given["run"])), _known(request, display), progress)


def perform_baseline(given: Mapping[str, Any], display: Display) -> Scored:
    """Score a baseline in a worker."""
    request = Request.parse(given["request"])
    return request.score(given["name"], _known(request, display))


_references: dict[Request, list[Reference]] = {}


def _known(request: Request, display: Display) -> list[Reference]:
    """Return the real images with the features of each judge, which a worker reads once."""
    if request not in _references:
        _references[request] = request.references(request.images(display), display)
    return _references[request]


def _progress_of(display: Display, subject: Subject, done: int, total: int) -> DrawProgress:
    """Return a function that shows the progress while the images of one run are drawn."""
    began = time.monotonic()
    if isinstance(subject, GivenImages):  # nothing is drawn
        display.advance("comparing", done, total, details=[str(subject.source)])
        return lambda made, images: None
    path = str(subject.path)

    def progress(made: int, images: int) -> None:
        note = f"{made:,} of {images:,} images"
        if made:
            left = (time.monotonic() - began) * (images - made) / made
            note += f"  {duration(left)} left for this run"
        display.advance("comparing", done + made / images, total, note, [path])

    return progress
