"""The evaluations of a comparison: one after the other, or side by side in worker processes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from genmodels import runs
from genmodels.comparison import plan, schedule, transport
from genmodels.comparison.board import Board
from genmodels.comparison.kept import Kept, Subject
from genmodels.comparison.workers import Task, WorkerPool
from genmodels.config.settings import Data
from genmodels.console import Display, duration
from genmodels.data.given import GivenImages
from genmodels.data.images import Images
from genmodels.errors import InputError
from genmodels.evaluation import baselines, protocol, reference
from genmodels.evaluation.draws import DrawProgress
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.reference import Reference
from genmodels.system import device as devices
from genmodels.system.tuning import threads, tune_cpu
from genmodels.training import session

RUN, BASELINE = "evaluation", "baseline"  # kinds of the tasks of workers


@dataclass(frozen=True)
class Request:
    """What is the same for all evaluations of a comparison.

    Attributes:
        data: where the real images are and how they are read: settings, as JSON.
        data_of: the folder of a run that was trained on these images; empty if there is none.
        count: largest number of test images, and of samples.
        extractor: name or file of the features.
        seed: of the samples.
        device: the name of the device that samples are generated on.
        threads: CPU threads of an evaluation.
        jobs: how many evaluations run at a time, which their rates depend on.
    """

    data: str
    data_of: str
    count: int
    extractor: str
    seed: int
    device: str
    threads: int
    jobs: int

    def images(self, display: Display) -> Images:
        """Return the images of the data set, and tune this process for their evaluation.

        Raises:
            InputError: they are not those of the run, or too few.
        """
        tune_cpu(devices.choose(self.device))
        images = session.load(Data.model_validate_json(self.data), display)
        if self.data_of:
            folder = runs.Folder(Path(self.data_of))
            if images.fingerprint != folder.fingerprint:
                raise InputError(
                    f"{images.name} now has other images than those {folder.path} was trained on; "
                    "restore them, give others with `data`, or train again"
                )
        reference.check(images)
        return images

    def reference(self, images: Images, display: Display) -> Reference:
        """Return the real images with their features.

        Raises:
            InputError: there are no such features.
        """
        chosen = plan.features(self.extractor, images, display)
        return reference.of(images, chosen, self.count, display.reading)

    def kept(self, real: Reference) -> Kept:
        """Return the evaluations that were made before with these settings and real images."""
        return Kept({
            **asdict(replace(self, data_of="")),
            "data": real.images.fingerprint,
            "features": real.extractor.hash,
        })  # fmt: skip

    def evaluate(self, subject: Subject, real: Reference, progress: DrawProgress) -> Evaluation:
        """Evaluate a run or given images, and keep the evaluation.

        Raises:
            InputError: a run has no checkpoint, or its images are not finite.
        """
        kept = self.kept(real)
        place = kept.place(subject)
        if isinstance(subject, GivenImages):
            made = protocol.evaluate_images(subject, real)
        else:
            split = real.with_validation(subject.settings.data.validation)
            device = torch.device(self.device)
            made = protocol.evaluate(subject, split, self.seed, device, progress)
        kept.keep(subject, made, place)
        return made

    def score(self, baseline: str, real: Reference) -> Scored:
        """Score a baseline, and keep its scores."""
        made = baselines.SCORES[baseline](real)
        self.kept(real).keep_baseline(baseline, made)
        return made


@dataclass(frozen=True)
class Evaluated:
    """The scores of the baselines by name, and the evaluation of each run and of given images."""

    baselines: Mapping[str, Scored]
    subjects: Mapping[Subject, Evaluation]


def run(
    request: Request,
    real: Reference,
    subjects: Sequence[Subject],
    display: Display,
    pool: WorkerPool | None,
) -> Evaluated:
    """Evaluate runs, given images and baselines; what was evaluated before is read from the cache.

    Raises:
        InputError: a run has no checkpoint, or its images are not finite.
        Unfinished: processes of evaluations died.
        Interrupted: a signal came while evaluations ran side by side.
    """
    kept = request.kept(real)
    scored = {name: kept.find_baseline(name) for name in baselines.SCORES}
    made = {subject: kept.find(subject) for subject in subjects}
    names = [name for name, found in scored.items() if found is None]
    missing = [subject for subject, found in made.items() if found is None]
    if known := len(made) - len(missing):
        given = any(isinstance(subject, GivenImages) for subject in made)
        what = "runs and given images" if given else "runs"
        display.say(
            f"{known} of {len(made)} {what} were evaluated before, with the same settings: read "
            f"from {kept.folder}"
        )
    new = Evaluated({}, {})
    if names or missing:
        if pool:
            new = _side_by_side(request, real, missing, names, display, pool)
        else:
            new = _in_turn(request, real, missing, names, display)
    return Evaluated(
        {name: found or new.baselines[name] for name, found in scored.items()},
        {subject: found or new.subjects[subject] for subject, found in made.items()},
    )


def _in_turn(
    request: Request,
    real: Reference,
    subjects: Sequence[Subject],
    names: Sequence[str],
    display: Display,
) -> Evaluated:
    """Evaluate baselines, runs and given images one after the other."""
    first = bool(names)
    total = first + len(subjects)
    if first:
        display.advance("comparing", 0, total, "floor and baselines")
    scored = {name: request.score(name, real) for name in names}
    made: dict[Subject, Evaluation] = {}
    for number, subject in enumerate(subjects, first):
        progress = _progress_of(display, subject, number, total)
        made[subject] = request.evaluate(subject, real, progress)
    display.close()
    return Evaluated(scored, made)


def _side_by_side(
    request: Request,
    real: Reference,
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
        in_turn = _in_turn(request, real, given, (), display)
    folders = [subject for subject in subjects if isinstance(subject, runs.Folder)]
    ordered = schedule.alternate(folders, lambda folder: folder.config_name)
    common = {"request": asdict(request)}
    tasks = [Task(str(each.path), RUN, {**common, "run": str(each.path)}) for each in ordered]
    tasks += [Task(f"baseline {name}", BASELINE, {**common, "name": name}) for name in names]
    found = pool.run(tasks, Board(display, RUN, len(tasks), pool.jobs, False))
    evaluations = map(transport.evaluation, found[: len(ordered)])
    scored = map(transport.scored, found[len(ordered) :])
    return Evaluated(
        dict(zip(names, scored, strict=True)),
        {**in_turn.subjects, **dict(zip(ordered, evaluations, strict=True))},
    )


def perform(given: Mapping[str, Any], display: Display) -> Evaluation:
    """Evaluate a run in a worker."""
    request = Request(**given["request"])

    def progress(made: int, images: int) -> None:
        display.advance(RUN, made, images)

    return request.evaluate(runs.Folder(Path(given["run"])), _known(request, display), progress)


def perform_baseline(given: Mapping[str, Any], display: Display) -> Scored:
    """Score a baseline in a worker."""
    request = Request(**given["request"])
    return request.score(given["name"], _known(request, display))


_references: dict[Request, Reference] = {}


def _known(request: Request, display: Display) -> Reference:
    """Return the real images, which a worker reads once."""
    if request not in _references:
        _references[request] = request.reference(request.images(display), display)
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
