"""The evaluations of a comparison: one after the other, or side by side in worker processes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from genmodels import runs
from genmodels.comparison import plan, schedule, transport
from genmodels.comparison.board import Board
from genmodels.comparison.workers import Task, WorkerPool
from genmodels.console import Display, duration
from genmodels.errors import InputError
from genmodels.evaluation import baselines, protocol, reference
from genmodels.evaluation.draws import DrawProgress
from genmodels.evaluation.features import domain
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
    """

    data_of: str
    count: int
    extractor: str
    seed: int
    device: str

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
        chosen = domain.choose(self.extractor, images, display.reading)
        return reference.of(images, chosen, self.count, display.reading)

    def evaluate(self, folder: runs.Folder, real: Reference, progress: DrawProgress) -> Evaluation:
        """Evaluate a run.

        Raises:
            InputError: it has no checkpoint, or its images are not finite.
        """
        split = real.with_validation(folder.settings.data.validation)
        return protocol.evaluate(folder, split, self.seed, torch.device(self.device), progress)


@dataclass(frozen=True)
class Evaluated:
    """The scores of the baselines by name, and an evaluation for each run, in their order."""

    baselines: Mapping[str, Scored]
    runs: Sequence[Evaluation]


def in_turn(
    request: Request, real: Reference, folders: Sequence[runs.Folder], display: Display
) -> Evaluated:
    """Evaluate runs one after the other.

    Raises:
        InputError: a run has no checkpoint, or its images are not finite.
    """
    total = len(folders) + 1
    display.advance("comparing", 0, total, "floor and baselines")
    scored = {name: score(real) for name, score in baselines.SCORES.items()}
    made = []
    for number, folder in enumerate(folders, 1):
        progress = _progress_of(display, folder, number, total)
        made.append(request.evaluate(folder, real, progress))
    display.close()
    return Evaluated(scored, made)


def side_by_side(
    request: Request, folders: Sequence[runs.Folder], display: Display, pool: WorkerPool
) -> Evaluated:
    """Evaluate runs in worker processes. The runs of one seed are next to each other.

    Raises:
        InputError: evaluations failed by a mistake of the user.
        Unfinished: evaluations failed.
        Interrupted: a signal came.
    """
    numbers = schedule.alternate(range(len(folders)), lambda number: folders[number].config_name)
    paths = [str(folders[number].path) for number in numbers]
    common = {"request": asdict(request)}
    tasks = [Task(path, RUN, {**common, "run": path}) for path in paths]
    tasks += [
        Task(f"baseline {name}", BASELINE, {**common, "name": name}) for name in baselines.SCORES
    ]
    found = pool.run(tasks, Board(display, RUN, len(tasks), pool.jobs, False))
    evaluations = map(transport.evaluation, found[: len(numbers)])
    made = dict(zip(numbers, evaluations, strict=True))
    scored = map(transport.scored, found[len(numbers) :])
    return Evaluated(
        dict(zip(baselines.SCORES, scored, strict=True)), [made[n] for n in range(len(folders))]
    )


def perform(given: Mapping[str, Any], display: Display) -> Evaluation:
    """Evaluate a run in a worker."""
    request = Request(**given["request"])

    def progress(made: int, images: int) -> None:
        display.advance(RUN, made, images)

    return request.evaluate(runs.Folder(Path(given["run"])), _known(request, display), progress)


def perform_baseline(given: Mapping[str, Any], display: Display) -> Scored:
    """Score a baseline in a worker."""
    return baselines.SCORES[given["name"]](_known(Request(**given["request"]), display))


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
