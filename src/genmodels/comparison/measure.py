"""Evaluation of several models under one protocol."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from genmodels import runs, sampling
from genmodels.comparison import candidates, classifiers, evaluations, judges, plan, usefulness
from genmodels.comparison.candidates import Candidate
from genmodels.comparison.entry import Entry, Result
from genmodels.comparison.kept import Subject
from genmodels.comparison.request import Request
from genmodels.comparison.result import Comparison, ProtocolSettings
from genmodels.comparison.usefulness import Utility
from genmodels.comparison.workers import WorkerPool
from genmodels.config.data_settings import Data
from genmodels.config.settings import Shift
from genmodels.console import Display
from genmodels.data import given
from genmodels.data.given import GivenImages, GivenSource
from genmodels.data.images import TEST, Images
from genmodels.errors import InputError
from genmodels.evaluation import baselines, copying, protocol, reference, utility, weights
from genmodels.evaluation.metrics import likelihood, scores
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.reference import Reference
from genmodels.runs import conditions, logs
from genmodels.sampling import interpolation
from genmodels.system.device import Device

STRIPS = 4  # interpolations of each kind
FRAMES = interpolation.PERTURB_FRAMES


@dataclass(frozen=True)
class Measurement:
    """How runs and given images are measured.

    Attributes:
        count: largest number of test images, and of samples.
        features: names or files of the judges' features; the first judge's give all numbers.
        seed: of the samples.
        utility: whether classifiers are trained on samples and on real images.
        data: the data, if they are not read as those of the first run.
    """

    count: int
    features: tuple[str, ...]
    seed: int
    utility: bool = False
    data: Data | None = None


def compare(
    subjects: Sequence[runs.Folder | GivenSource],
    measurement: Measurement,
    where: Device,
    display: Display,
    pool: WorkerPool | None = None,
) -> Comparison:
    """Measure runs and given images on the test split of their data.

    Args:
        subjects: runs on the same data, of which those that differ by their seed alone are one
            model; and images that are given without a model.
        measurement: how they are measured.
        where: the device that samples are generated on.
        display: shows the progress.
        pool: processes that evaluate side by side; without it the runs are evaluated in turn.

    Raises:
        InputError: the data differ, have no test split, or no labels for classifiers; a run is
            damaged, has no checkpoint or is there twice; given images are not like the data; or
            evaluations failed by a mistake of the user.
        Unfinished: evaluations failed.
        Interrupted: a signal came while evaluations ran side by side.
    """
    folders = [subject for subject in subjects if isinstance(subject, runs.Folder)]
    for folder in folders:
        candidates.check_run(folder)
        if lost := logs.lost(folder.log_path, folder.checkpoint_paths()):
            display.say(f"{folder.log_path} is missing: {lost}; the numbers from it are left out")
    candidates.check_together([Candidate.of_run(folder) for folder in folders])
    request = Request(
        data=_data(folders, measurement.data).model_dump_json(),
        data_of=str(folders[0].path) if folders else "",
        count=measurement.count,
        features=measurement.features,
        seed=measurement.seed,
        device=str(where.device),
        threads=pool.threads if pool else torch.get_num_threads(),
        jobs=pool.jobs if pool else 1,
    )
    images = request.images(display)
    if measurement.utility:
        utility.check(images)
    read = _read(subjects, images, display)
    request, limit = _limited(request, images, read)
    if limit:
        display.say(limit)
    references = request.references(images, display)
    real = references[0]
    measured = [each.chosen(real.count) if isinstance(each, GivenImages) else each for each in read]
    evaluated = evaluations.run(request, references, measured, display, pool)
    columns = _columns(measured)
    entries: list[Entry] = []
    for name, group in columns.items():
        results = [_result(each, evaluated.subjects[each]) for each in group]
        entries.append(_entry(name, group[0], results, request.seed))
    useful: Utility | None = None
    if measurement.utility:
        of_real, of_samples = classifiers.run(request, real, read, display)
        accuracies = dict(zip(measured, of_samples, strict=True))
        models = {name: [accuracies[each] for each in group] for name, group in columns.items()}
        useful = usefulness.of(of_real, models)
    return Comparison(
        data=real.images.name,
        protocol=_protocol(real, request.seed),
        judges=judges.of(references),
        real=next(real.batches("test", weights.SHOWN)).images,
        real_numbers=real.pixels,
        real_histogram=_shares(real),
        classes=real.images.classes,
        baselines=evaluated.baselines,
        baseline_images=baselines.images(real, weights.SHOWN),
        entries=entries,
        jobs=request.jobs,
        limit=limit,
        utility=useful,
    )


def _data(folders: Sequence[runs.Folder], chosen: Data | None) -> Data:
    """Return the settings of all images: each run holds out its own validation share.

    Raises:
        InputError: there is no run, and no data are given.
    """
    if folders:
        settings = plan.all_data(folders[0].settings)
        if chosen is None:
            return settings
        keys = ("name", "root", "on_bad", "offline")
        return settings.model_copy(update={key: getattr(chosen, key) for key in keys})
    if chosen is None:
        raise InputError(
            "only images are given: choose the data that they are compared with by `data`, a data "
            "set's name or a folder of pictures"
        )
    return chosen


def _read(
    subjects: Sequence[runs.Folder | GivenSource], images: Images, display: Display
) -> list[Subject]:
    """Read the given images.

    Raises:
        InputError: they are not like those of the data, or too few.
    """
    found = [
        given.read(each, images, reference.FEWEST, display.reading)
        if isinstance(each, GivenSource)
        else each
        for each in subjects
    ]
    display.close()
    return found


def _limited(request: Request, images: Images, subjects: Sequence[Subject]) -> tuple[Request, str]:
    """Lower the count to the smallest number of given images, and say so.

    The bias of FD depends on the number of samples, so it must be the same for all.
    """
    every = [each for each in subjects if isinstance(each, GivenImages)]
    fewest = min(every, key=lambda each: len(each.pixels), default=None)
    if fewest is None or len(fewest.pixels) >= min(request.count, images.count(TEST)):
        return request, ""
    count = len(fewest.pixels)
    limit = f"{count:,} images are given by {fewest.source.name}, so all are compared by {count:,}"
    return replace(request, count=count), limit


def _result(subject: Subject, evaluation: Evaluation) -> Result:
    if isinstance(subject, GivenImages):
        return Result(None, str(subject.source), evaluation, jobs=())
    folder = subject
    threads, jobs = conditions.threads(folder.environment), conditions.jobs(folder.environment)
    return Result(folder.settings.seed, str(folder.path), evaluation, threads, jobs)


def _entry(name: str, subject: Subject, results: list[Result], seed: int) -> Entry:
    if isinstance(subject, GivenImages):
        return Entry(name, results, [], {}, given=True)
    folder = subject
    model = sampling.load_model(folder.latest())
    labels = sampling.labels(model, STRIPS, seed)
    both = None if labels is None else labels.repeat(2)
    start = next(sampling.latents(model, 2 * STRIPS, seed, both))
    shifts: Sequence[Shift] = folder.settings.perturb
    candidate = Candidate.of_run(folder)
    latents = {
        "perturbation": interpolation.perturb(start[:STRIPS], shifts, FRAMES, "perturb"),
        "interpolation": interpolation.slerp(start[:STRIPS], start[STRIPS:], FRAMES),
    }
    return Entry(
        name=name,
        results=results,
        records=folder.log(),
        frames={kind: interpolation.decode(model, z, labels) for kind, z in latents.items()},
        training_set=candidate.count,
        fixed=candidate.fixed,
        conditions={
            "precision": folder.environment.get("precision", folder.settings.train.precision),
            "augmentation": str(folder.settings.data.augment),
        },
    )


def _protocol(real: Reference, seed: int) -> ProtocolSettings:
    """Return the settings of the evaluation, as in the report."""
    return {
        "data": real.images.name,
        "fingerprint": real.images.fingerprint,
        "split": "test",
        "real_images": real.count,
        "generated_images": real.count,
        "few_images": real.count < protocol.FEW,
        "features": real.extractor.name,
        "features_hash": real.extractor.hash,
        "neighbours": scores.NEIGHBOURS,
        "importance_samples": likelihood.SAMPLES,
        "likelihood_images": min(likelihood.IMAGES, real.count),
        "sampling_seed": seed,
        "snapshot_images": weights.curve_count(real),
        "copy_images": min(copying.COUNT, real.count),
        "snapshot_copy_images": min(copying.CURVE_COUNT, weights.curve_count(real)),
        "snapshots_chosen_on": "validation, where a run has it",
    }


def _shares(real: Reference) -> list[float]:
    """Return the share of each class among the test images; empty without classes."""
    labels = real.test.labels
    if labels is None:
        return []
    counts = labels.bincount(minlength=len(real.images.classes)).double()
    return (counts / len(labels)).tolist()


def _columns(subjects: Sequence[Subject]) -> dict[str, list[Subject]]:
    """Group the runs of each model, by its name; given images are a group of their own."""
    groups: dict[str | GivenImages, list[Subject]] = {}
    for subject in subjects:
        key: str | GivenImages = (
            subject if isinstance(subject, GivenImages) else Candidate.of_run(subject).model
        )
        groups.setdefault(key, []).append(subject)
    return dict(zip(_names([group[0] for group in groups.values()]), groups.values(), strict=True))


def _names(subjects: Sequence[Subject]) -> list[str]:
    """Return a name for each column, distinct from each other and from the baselines.

    These are the names of the configurations and of given files and folders, or as much of the
    end of the paths as is needed.
    """
    named = [_named(subject) for subject in subjects]
    names, length = [name for name, _ in named], 0
    while len(set(names)) < len(names) or not baselines.MEANINGS.keys().isdisjoint(names):
        length += 1
        names = ["/".join(parts[-length:]) for _, parts in named]
    return names


def _named(subject: Subject) -> tuple[str, Sequence[str]]:
    """Return the name of a run or of given images, and the parts of the path."""
    if isinstance(subject, runs.Folder):
        return subject.config_name, subject.path.absolute().parts
    source = subject.source
    return source.name, source.path.absolute().parts if source.path else (source.name,)
