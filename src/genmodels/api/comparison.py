"""The function that compares models: it trains configurations and evaluates all alike."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack, overload

import numpy as np
from torch import Tensor

from genmodels import runs
from genmodels.api import arguments, tensors
from genmodels.api.overrides import Overrides
from genmodels.api.run import Run
from genmodels.comparison import plan
from genmodels.comparison.measure import Measurement
from genmodels.comparison.plan import Match
from genmodels.comparison.result import Comparison as Comparison
from genmodels.comparison.schedule import Jobs
from genmodels.comparison.study import Study
from genmodels.config import custom_code
from genmodels.config.data_settings import Data
from genmodels.console import Display
from genmodels.data.given import GivenSource
from genmodels.errors import InputError, brief
from genmodels.evaluation import reference
from genmodels.evaluation.protocol import COUNT
from genmodels.report import files
from genmodels.runs import disk_space
from genmodels.system import distributed
from genmodels.system.provenance import measured

Subject = Run | str | Path | Tensor | np.ndarray


@overload
def compare(
    subjects: Subject | Sequence[Subject] = (),
    *,
    settings: arguments.Settings = (),
    seeds: int = 1,
    count: int = COUNT,
    features: str | Sequence[str] = "auto",
    claims: str | None = None,
    utility: bool = False,
    match: Match | None = None,
    jobs: Jobs = 1,
    shard: None = None,
    out: str | Path = "comparison",
    trust_code: bool = False,
    quiet: bool = False,
    **overrides: Unpack[Overrides],
) -> Comparison: ...


@overload
def compare(
    subjects: Subject | Sequence[Subject] = (),
    *,
    settings: arguments.Settings = (),
    seeds: int = 1,
    count: int = COUNT,
    features: str | Sequence[str] = "auto",
    claims: str | None = None,
    utility: bool = False,
    match: Match | None = None,
    jobs: Jobs = 1,
    shard: str,
    out: str | Path = "comparison",
    trust_code: bool = False,
    quiet: bool = False,
    **overrides: Unpack[Overrides],
) -> None: ...


def compare(
    subjects: Subject | Sequence[Subject] = (),
    *,
    settings: arguments.Settings = (),
    seeds: int = 1,
    count: int = COUNT,
    features: str | Sequence[str] = "auto",
    claims: str | None = None,
    utility: bool = False,
    match: Match | None = None,
    jobs: Jobs = 1,
    shard: str | None = None,
    out: str | Path = "comparison",
    trust_code: bool = False,
    quiet: bool = False,
    **overrides: Unpack[Overrides],
) -> Comparison | None:
    """Compare runs, configurations and images on the same data; configurations are first trained.

    Args:
        subjects: runs, run folders and configurations; by default the latest run of each
            configuration on the newest run's data. Images of any other tool: folders of pictures,
            ``.npy`` and ``.npz`` files, and tensors or arrays (N, C, H, W), float in [0, 1] or
            uint8, in the size and with the channels of the data. They get the numbers that need
            images alone. If they are fewer than ``count`` and the test images, all are compared
            by as many; if they are more, a fixed random choice of them is taken.
        settings: as for :func:`genmodels.train`, for every configuration that is trained.
        seeds: number of trainings of each configuration, with seeds from 0.
        count: largest number of test images, and of samples.
        features: what judges the samples: one or more of ``domain``, ``random``, ``natural``,
            ``inception`` and files; by default all that are at hand, ``auto``. The first gives all
            numbers, and chooses snapshots on validation images; each further one gives FD and KID
            of the same samples.
        claims: ``report`` decides the five claims of the report that genmodels reproduces, about
            a model with a likelihood and one with a discriminator.
        utility: if true, train classifiers on the samples of conditional models and on given images
            with labels, on real images, on real images with flips and shifts, and on real images
            and samples together, and test each on the real test images. The data need labels.
        match: train every configuration for as many ``seconds`` or ``images`` as the first.
        jobs: how many trainings, and evaluations, run at a time, each in a process of its own
            with an equal share of the cores. ``auto`` is one for each core; one on a GPU.
        shard: ``K/N``: train the K-th of N shares of the runs and compare nothing, so that
            several machines with a shared folder can train in parallel.
        out: the folder of the report and of runs that are trained.
        trust_code: whether Python modules in the folders of runs may be executed.
        quiet: if true, show no progress.
        overrides: as for :func:`genmodels.train`, for every configuration that is trained,
            except that ``seed`` is the seed of the samples. ``device`` and ``threads`` are also
            those of the samples. ``data`` and ``data_root`` say what images are compared with
            where there is neither a run nor a configuration.

    Returns:
        The comparison; None for a shard.

    Raises:
        InputError: an argument is not valid, the runs were trained on different data, a run or
            images cannot be read, images are not like those of the data, or ``utility`` is asked
            of data without labels.
        Unfinished: with ``jobs``, processes of trainings or evaluations died. The others are
            kept, and the same call goes on with what is missing.
        Interrupted: Ctrl-C was pressed; trainings were saved, and the same call goes on.

    >>> import genmodels
    >>> found = genmodels.compare(["runs/first"], count=100, features="random", quiet=True)
    >>> [entry.name for entry in found.ranked()], found.fd
    (['vae'], 'fd_random')
    """
    seeds = arguments.count("seeds", seeds)
    count = arguments.count("count", count, reference.FEWEST)
    match, features = arguments.match(match), arguments.features(features)
    claims, utility = arguments.claims(claims), arguments.flag("utility", utility)
    jobs = _jobs(jobs)
    seed = overrides.pop("seed", None)
    seed = 0 if seed is None else arguments.integer("seed", seed)
    layers = _layers(settings, overrides)
    trust_code, quiet = arguments.flag("trust_code", trust_code), arguments.flag("quiet", quiet)
    out, display = arguments.path("out", out), Display(quiet)
    disk_space.check_out(out)
    where = arguments.device(overrides.get("device") or "auto")
    listed = _listed(subjects)
    planned = plan.make(listed, layers, seeds, out)
    if not listed:
        display.say(planned.listed)
    data: Data | None = None
    if not planned.jobs:
        repeated = seeds if seeds > 1 else None
        given = {"settings": settings or None, "match": match, "shard": shard}
        for_training = {**overrides, **given, "seeds": repeated}
        of_all = ["device", "threads"]  # the samples' too
        of_all += arguments.DATA if planned.given else ()
        compared = "runs and images" if planned.given else "runs"
        _refuse_without_training({**for_training, **dict.fromkeys(of_all)}, compared)
        data = arguments.data_of(overrides) if planned.given else None
    for folder in planned.folders if trust_code else ():
        custom_code.approve(folder.path)
    for job in planned.jobs:
        arguments.check_kind_of_data(overrides, planned.settings(job).data.name)
    measurement = Measurement(count, features, seed, utility, data)
    study = Study(planned, match, shard, measurement, jobs, overrides.get("threads"))
    comparison = study.run(where, display)
    if comparison is not None:
        comparison = replace(comparison, claims=claims)
        files.save(comparison, out, measured())
    return comparison


def _layers(settings: arguments.Settings, overrides: Overrides) -> list[Mapping[str, Any]]:
    """Return what replaces keys of every configuration.

    Raises:
        InputError: it has a seed, which is different in each training.
    """
    layers = arguments.layers(settings, overrides)
    if any("seed" in layer for layer in layers):
        raise InputError(
            "`settings` seed: configurations are trained with seeds from 0, as many as `seeds`; "
            "`seed` is that of the samples"
        )
    return layers


def _jobs(given: Jobs) -> Jobs:
    """Check how many tasks run at a time.

    Raises:
        InputError: it is no such number, or torchrun has started this process.
    """
    jobs = arguments.jobs(given)
    if jobs != 1 and not distributed.launched().is_single:
        raise InputError(
            f"`jobs={jobs}`: the processes of torchrun train each model together; leave out "
            "`jobs`, or start without torchrun"
        )
    return jobs


def _refuse_without_training(given: Mapping[str, object], compared: str) -> None:
    """Refuse arguments of trainings in a comparison that trains nothing.

    Raises:
        InputError: an argument is not None.
    """
    if names := [f"`{name}`" for name, value in given.items() if value is not None]:
        raise InputError(
            f"{', '.join(names)}: only {compared} are compared, and nothing is trained; leave it "
            "out, or give a configuration such as vae.yaml"
        )


def _listed(subjects: Subject | Sequence[Subject]) -> list[str | Path | runs.Folder | GivenSource]:
    """Return what is compared as a list: run folders, names or paths, and images.

    Raises:
        InputError: a subject is none of these.
    """
    if isinstance(subjects, list) and not subjects:
        raise InputError("`subjects=[]`: give runs, configurations or images, or leave it out")
    if isinstance(subjects, str) or not isinstance(subjects, Sequence):
        subjects = [subjects]
    listed: list[str | Path | runs.Folder | GivenSource] = []
    for subject in subjects:
        if isinstance(subject, Run):
            listed.append(subject.folder)
        elif isinstance(subject, str | Path):
            listed.append(subject)
        elif isinstance(subject, Tensor | np.ndarray):
            number = 1 + sum(isinstance(each, GivenSource) for each in listed)
            name = "images" if number == 1 else f"images-{number}"
            listed.append(GivenSource(name, pixels=tensors.to_compare(subject)))
        else:
            raise InputError(
                f"compare {brief(subject)}: give runs, their folders, configurations or images"
            )
    return listed
