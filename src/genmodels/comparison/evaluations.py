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
from genmodels.comparison.kept import Kept
from genmodels.comparison.workers import Task, WorkerPool
from genmodels.console import Display, duration
from genmodels.errors import InputError
from genmodels.evaluation import baselines, protocol, reference
from genmodels.evaluation.draws import DrawProgress
from genmodels.evaluation.metrics.scores import Scored
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.reference import Reference
from genmodels.system import device as devices
from genmodels.system.tuning import tune_cpu
from genmodels.training import session

RUN, BASELINE = "evaluation", "baseline"  # kinds of the tasks of workers


@dataclass(frozen=True)
class Request:
    """What is the same for all evaluations of a comparison.

    Attributes:
        data_of: the folder of the run whose data are the real images.
        count: largest number of test images, and of samples.
        extractor: name or file of the features.
        seed: of the samples.
        device: the name of the device that samples are generated on.
        threads: CPU threads of an evaluation.
    """

    data_of: str
    count: int
    extractor: str
    seed: int
    device: str
    threads: int

    def reference(self, display: Display) -> Reference:
        """Return the real images, and tune this process for their evaluation.

        Raises:
            InputError: they are not those of the run, or too few, or have no such features.
        """
        tune_cpu(devices.choose(self.device))
        folder = runs.Folder(Path(self.data_of))
        # All images: each run holds out its own validation share.
        images = session.load(plan.all_data(folder.settings), display)
        if images.fingerprint != folder.fingerprint:
            raise InputError(
                f"{images.name} now has other images than those {folder.path} was trained on; "
                "restore them or train again"
            )
        reference.check(images)
        chosen = plan.features(self.extractor, images, display)
        return reference.of(images, chosen, self.count, display.reading)

    def kept(self, real: Reference) -> Kept:
        """Return the evaluations that were made before with these settings and real images."""
        return Kept({
            **asdict(replace(self, data_of="")),
            "data": real.images.fingerprint,
            "features": real.extractor.hash,
        })  # fmt: skip

    def evaluate(self, folder: runs.Folder, real: Reference, progress: DrawProgress) -> Evaluation:
        """Evaluate a run, and keep the evaluation.

        Raises:
            InputError: it has no checkpoint, or its images are not finite.
        """
        split = real.with_validation(folder.settings.data.validation)
        made = protocol.evaluate(folder, split, self.seed, torch.device(self.device), progress)
        self.kept(real).keep(folder, made)
        return made

    def score(self, baseline: str, real: Reference) -> Scored:
        """Score a baseline, and keep its scores."""
        made = baselines.SCORES[baseline](real)
        self.kept(real).keep_baseline(baseline, made)
        return made


@dataclass(frozen=True)
class Evaluated:
    """The scores of the baselines by name, and the evaluation of each run."""

    baselines: Mapping[str, Scored]
    runs: Mapping[runs.Folder, Evaluation]


def run(
    request: Request,
    real: Reference,
    folders: Sequence[runs.Folder],
    display: Display,
    pool: WorkerPool | None,
) -> Evaluated:
    """Evaluate runs and baselines; what was evaluated before is read from the cache.

    Raises:
        InputError: a run has no checkpoint, or its images are not finite.
        Unfinished: processes of evaluations died.
        Interrupted: a signal came while evaluations ran side by side.
    """
    kept = request.kept(real)
    scored = {name: kept.find_baseline(name) for name in baselines.SCORES}
    made = {folder: kept.find(folder) for folder in folders}
    names = [name for name, found in scored.items() if found is None]
    missing = [folder for folder, found in made.items() if found is None]
    if known := len(made) - len(missing):
        display.say(
            f"{known} of {len(made)} runs were evaluated before, with the same settings: read from "
            f"{kept.folder}"
        )
    new = Evaluated({}, {})
    if names or missing:
        if pool:
            new = _side_by_side(request, missing, names, display, pool)
        else:
            new = _in_turn(request, real, missing, names, display)
    return Evaluated(
        {name: found or new.baselines[name] for name, found in scored.items()},
        {folder: found or new.runs[folder] for folder, found in made.items()},
    )


def _in_turn(
    request: Request,
    real: Reference,
    folders: Sequence[runs.Folder],
    names: Sequence[str],
    display: Display,
) -> Evaluated:
    """Evaluate baselines and runs one after the other."""
    first = bool(names)
    total = first + len(folders)
    if first:
        display.advance("comparing", 0, total, "floor and baselines")
    scored = {name: request.score(name, real) for name in names}
    made: dict[runs.Folder, Evaluation] = {}
    for number, folder in enumerate(folders, first):
        progress = _progress_of(display, folder, number, total)
        made[folder] = request.evaluate(folder, real, progress)
    display.close()
    return Evaluated(scored, made)


def _side_by_side(
    request: Request,
    folders: Sequence[runs.Folder],
    names: Sequence[str],
    display: Display,
    pool: WorkerPool,
) -> Evaluated:
    """Evaluate runs in worker processes. The runs of one seed are next to each other."""
    ordered = schedule.alternate(folders, lambda folder: folder.config_name)
    common = {"request": asdict(request)}
    tasks = [Task(str(each.path), RUN, {**common, "run": str(each.path)}) for each in ordered]
    tasks += [Task(f"baseline {name}", BASELINE, {**common, "name": name}) for name in names]
    found = pool.run(tasks, Board(display, RUN, len(tasks), pool.jobs, False))
    evaluations = map(transport.evaluation, found[: len(ordered)])
    scored = map(transport.scored, found[len(ordered) :])
    return Evaluated(
        dict(zip(names, scored, strict=True)), dict(zip(ordered, evaluations, strict=True))
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
        _references[request] = request.reference(display)
    return _references[request]


def _progress_of(display: Display, folder: runs.Folder, done: int, total: int) -> DrawProgress:
    """Return a function that shows the progress while the images of one run are drawn."""
    began = time.monotonic()

    def progress(made: int, images: int) -> None:
        note = f"{made:,} of {images:,} images"
        if made:
            left = (time.monotonic() - began) * (images - made) / made
            note += f"  {duration(left)} left for this run"
        display.advance("comparing", done + made / images, total, note, [str(folder.path)])

    return progress
