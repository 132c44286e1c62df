"""Evaluation of several models under one protocol."""

import time
from collections.abc import Sequence

from genmodels import runs, sampling
from genmodels.comparison import fairness, plan
from genmodels.comparison.fairness import Candidate
from genmodels.comparison.result import Comparison, Entry, ProtocolSettings, Result
from genmodels.config.settings import Shift
from genmodels.console import Display, duration
from genmodels.data.images import Images
from genmodels.errors import InputError
from genmodels.evaluation import baselines, protocol, reference, weights
from genmodels.evaluation.draws import DrawProgress
from genmodels.evaluation.features import domain
from genmodels.evaluation.metrics import likelihood, scores
from genmodels.evaluation.reference import Reference
from genmodels.runs import used_threads
from genmodels.sampling import interpolation
from genmodels.system.device import Device
from genmodels.system.tuning import tune_cpu
from genmodels.training import session

STRIPS = 4  # interpolations of each kind
FRAMES = interpolation.PERTURB_FRAMES


def compare(
    folders: Sequence[runs.Folder],
    count: int,
    extractor: str,
    seed: int,
    display: Display,
    where: Device,
) -> Comparison:
    """Measure runs on the test split of their data.

    Args:
        folders: runs on the same data; those that differ by their seed alone are one model.
        count: largest number of test images, and of samples.
        extractor: name or file of the features.
        seed: of the samples.
        display: shows the progress.
        where: the device that samples are generated on.

    Raises:
        InputError: the data differ, have no test split, or a run is damaged, has no checkpoint or
            is there twice.
    """
    for folder in folders:
        fairness.check_run(folder)
    fairness.check_together([Candidate.of_run(folder) for folder in folders])
    images = _load(folders[0], display)
    reference.check(images)
    chosen = domain.choose(extractor, images, display.reading)
    real = reference.of(images, chosen, count, display.reading)
    display.advance("comparing", 0, len(folders) + 1, "floor and baselines")
    baseline_scores = baselines.score(real)
    tune_cpu(where)
    entries: list[Entry] = []
    done = 1
    for name, group in _models(folders).items():
        results = []
        for folder in group:
            split = real.with_validation(folder.settings.data.validation)
            progress = _progress_of(display, folder, done, len(folders) + 1)
            evaluation = protocol.evaluate(folder, split, seed, where.device, progress)
            threads = used_threads.of(folder.environment)
            results.append(Result(folder.settings.seed, str(folder.path), evaluation, threads))
            done += 1
        entries.append(_entry(name, group[0], results, seed))
    display.close()
    return Comparison(
        data=images.name,
        protocol=_protocol(real, seed),
        fd=scores.fd_name(real),
        real=next(real.batches("test", weights.SHOWN)).images,
        real_numbers=real.pixels,
        real_histogram=_shares(real),
        classes=images.classes,
        baselines=baseline_scores,
        baseline_images=baselines.images(real, weights.SHOWN),
        entries=entries,
    )


def _entry(name: str, folder: runs.Folder, results: list[Result], seed: int) -> Entry:
    model = sampling.load_model(folder.latest())
    labels = sampling.labels(model, STRIPS, seed)
    both = None if labels is None else labels.repeat(2)
    start = next(sampling.latents(model, 2 * STRIPS, seed, both))
    shifts: Sequence[Shift] = folder.settings.perturb
    latents = {
        "perturbation": interpolation.perturb(start[:STRIPS], shifts, FRAMES, "perturb"),
        "interpolation": interpolation.slerp(start[:STRIPS], start[STRIPS:], FRAMES),
    }
    return Entry(
        name=name,
        results=results,
        records=folder.log(),
        frames={kind: interpolation.decode(model, z, labels) for kind, z in latents.items()},
        training_set=Candidate.of_run(folder).count,
        conditions={
            "precision": folder.environment.get("precision", folder.settings.train.precision),
            "augmentation": str(folder.settings.data.augment),
        },
    )


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


def _load(folder: runs.Folder, display: Display) -> Images:
    """Load all images of a run's data; each run holds out its own validation share."""
    images = session.load(plan.all_data(folder.settings), display)
    if images.fingerprint != folder.fingerprint:
        raise InputError(
            f"{images.name} now has other images than those {folder.path} was trained on; "
            "restore them or train again"
        )
    return images
