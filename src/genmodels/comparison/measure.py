"""Evaluation of several models under one protocol."""

from collections.abc import Sequence

import torch

from genmodels import runs, sampling
from genmodels.comparison import evaluations, fairness
from genmodels.comparison.entry import Entry, Result
from genmodels.comparison.evaluations import Request
from genmodels.comparison.fairness import Candidate
from genmodels.comparison.result import Comparison, ProtocolSettings
from genmodels.comparison.workers import WorkerPool
from genmodels.config.settings import Shift
from genmodels.console import Display
from genmodels.evaluation import baselines, protocol, weights
from genmodels.evaluation.metrics import likelihood, scores
from genmodels.evaluation.protocol import Evaluation
from genmodels.evaluation.reference import Reference
from genmodels.runs import conditions
from genmodels.sampling import interpolation
from genmodels.system.device import Device

STRIPS = 4  # interpolations of each kind
FRAMES = interpolation.PERTURB_FRAMES


def compare(
    folders: Sequence[runs.Folder],
    count: int,
    extractor: str,
    seed: int,
    display: Display,
    where: Device,
    pool: WorkerPool | None = None,
) -> Comparison:
    """Measure runs on the test split of their data.

    Args:
        folders: runs on the same data; those that differ by their seed alone are one model.
        count: largest number of test images, and of samples.
        extractor: name or file of the features.
        seed: of the samples.
        display: shows the progress.
        where: the device that samples are generated on.
        pool: processes that evaluate side by side; without it the runs are evaluated in turn.

    Raises:
        InputError: the data differ, have no test split, or a run is damaged, has no checkpoint or
            is there twice; or evaluations failed by a mistake of the user.
        Unfinished: evaluations failed.
        Interrupted: a signal came while evaluations ran side by side.
    """
    for folder in folders:
        fairness.check_run(folder)
    fairness.check_together([Candidate.of_run(folder) for folder in folders])
    threads = pool.threads if pool else torch.get_num_threads()
    request = Request(str(folders[0].path), count, extractor, seed, str(where.device), threads)
    real = request.reference(display)
    evaluated = evaluations.run(request, real, folders, display, pool)
    entries: list[Entry] = []
    for name, group in _models(folders).items():
        results = [_result(each, evaluated.runs[each]) for each in group]
        entries.append(_entry(name, group[0], results, seed))
    return Comparison(
        data=real.images.name,
        protocol=_protocol(real, seed),
        fd=scores.fd_name(real),
        real=next(real.batches("test", weights.SHOWN)).images,
        real_numbers=real.pixels,
        real_histogram=_shares(real),
        classes=real.images.classes,
        baselines=evaluated.baselines,
        baseline_images=baselines.images(real, weights.SHOWN),
        entries=entries,
        jobs=pool.jobs if pool else 1,
    )


def _result(folder: runs.Folder, evaluation: Evaluation) -> Result:
    threads, jobs = conditions.threads(folder.environment), conditions.jobs(folder.environment)
    return Result(folder.settings.seed, str(folder.path), evaluation, threads, jobs)


def _entry(name: str, folder: runs.Folder, results: list[Result], seed: int) -> Entry:
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
        "snapshots_chosen_on": "validation, where a run has it",
    }


def _shares(real: Reference) -> list[float]:
    """Return the share of each class among the test images; empty without classes."""
    labels = real.test.labels
    if labels is None:
        return []
    counts = labels.bincount(minlength=len(real.images.classes)).double()
    return (counts / len(labels)).tolist()


def _models(folders: Sequence[runs.Folder]) -> dict[str, list[runs.Folder]]:
    """Group the runs of each model, by its name."""
    groups: dict[str, list[runs.Folder]] = {}
    for folder in folders:
        groups.setdefault(Candidate.of_run(folder).model, []).append(folder)
    return dict(zip(_names([group[0] for group in groups.values()]), groups.values(), strict=True))


def _names(folders: Sequence[runs.Folder]) -> list[str]:
    """Return a name for each run, distinct from each other and from the baselines.

    These are the names of the configurations, or as much of the end of the paths as is needed.
    """
    names, length = [folder.config_name for folder in folders], 0
    while len(set(names)) < len(names) or not baselines.MEANINGS.keys().isdisjoint(names):
        length += 1
        names = ["/".join(folder.path.absolute().parts[-length:]) for folder in folders]
    return names
