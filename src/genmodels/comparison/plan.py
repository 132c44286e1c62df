"""The trainings of a study: one run for each configuration and seed.

The folder of a run is named by configuration and seed. So an interrupted study continues where it
stopped, and several machines can train shares of one study.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from genmodels import config, runs
from genmodels.config import custom_code
from genmodels.config.settings import Data, Settings
from genmodels.console import Display
from genmodels.data.images import Images
from genmodels.errors import InputError
from genmodels.evaluation import reference
from genmodels.evaluation.features import domain
from genmodels.training import session

Match = Literal["seconds", "images"]


@dataclass(frozen=True)
class Job:
    """One training that a study needs.

    Attributes:
        name: of the configuration.
        source: its preset or file.
        seed: of this training.
        path: the folder of the run.
    """

    name: str
    source: str | Path
    seed: int
    path: Path


@dataclass(frozen=True)
class Plan:
    """Runs and trainings to compare, in their order.

    Attributes:
        parts: existing runs, and needed trainings.
        layers: overrides, which replace keys of every configuration.
    """

    parts: Sequence[runs.Folder | Job]
    layers: Sequence[Mapping[str, Any]]

    @property
    def jobs(self) -> list[Job]:
        """The trainings."""
        return [part for part in self.parts if isinstance(part, Job)]

    @property
    def folders(self) -> list[runs.Folder]:
        """The runs, once all are trained."""
        return [part if isinstance(part, runs.Folder) else runs.Folder(part.path)
                for part in self.parts]  # fmt: skip

    def settings(self, job: Job) -> Settings:
        """Return the resolved configuration of a training."""
        return config.read(job.source, [*self.layers, {"seed": job.seed}])


def make(
    given: Sequence[str | Path | runs.Folder],
    layers: Sequence[Mapping[str, Any]],
    seeds: int,
    out: Path,
) -> Plan:
    """Plan a study, and check its configurations.

    Args:
        given: runs and configurations; if empty, the latest run of each configuration.
        layers: overrides, which replace keys of every configuration.
        seeds: how often each configuration is trained, with seeds from 0.
        out: the study's folder.

    Raises:
        InputError: there is nothing to compare, or no run or configuration of a given name.
    """
    parts: list[runs.Folder | Job] = []
    for item in given or _latest_of_each():
        if isinstance(item, runs.Folder):
            parts.append(item)
        elif is_configuration(item):
            config.read(item, layers)
            name = session.name_of(item)
            stem = name.replace("/", "-")
            parts += [
                Job(name, item, seed, out / "runs" / f"{stem}-seed-{seed}") for seed in range(seeds)
            ]
        else:
            parts.append(runs.open_run(item))
    return Plan(parts, layers)


def is_configuration(item: str | Path) -> bool:
    """Return whether a name is that of a preset or of a YAML file, and not of a run."""
    return str(item).endswith((".yaml", ".yml")) or f"{item}.yaml" in config.presets()


def check(plan: Plan, extractor: str, display: Display) -> None:
    """Check data and features before anything is trained.

    Raises:
        InputError: the data differ or have too few images, or there are no such features.
    """
    loaded: dict[str, Images] = {}  # by the settings of the data
    for job in plan.jobs:
        data = all_data(plan.settings(job))
        if repr(data) in loaded:
            continue
        images = loaded[repr(data)] = session.load(data, display)
        first = next(iter(loaded.values()))
        if images.fingerprint != first.fingerprint:
            raise InputError(
                "the configurations have different data, so their numbers could not be "
                f"compared: {plan.jobs[0].name} has {first.name}, {job.name} has {images.name}; "
                "give all the same `data`"
            )
        reference.check(images)
    if loaded:
        domain.choose(extractor, next(iter(loaded.values())), display.reading)
        display.close()


def train(plan: Plan, jobs: Sequence[Job], match: Match | None, display: Display) -> None:
    """Run trainings that are not finished yet.

    Args:
        plan: the plan of the study.
        jobs: its trainings, or a share of them.
        match: train all for as many ``seconds`` or ``images`` as the first.
        display: shows the progress.
    """
    limit: dict[str, Any] = {}
    for number, job in enumerate(jobs, 1):
        settings = plan.settings(job)
        if limit:
            layers = [*plan.layers, {"seed": job.seed}, _limit(limit, settings)]
            settings = config.read(job.source, layers)
        display.say(f"{job.name}, seed {job.seed}: training {number} of {len(jobs)}")
        with custom_code.beside(config.find_config(job.source)):
            run = session.train(settings, job.name, job.path, job.path.exists(), display)
        if match and not limit:
            limit = {match: run.latest().header["progress"][match]}


def share(jobs: Sequence[Job], shard: str) -> list[Job]:
    """Return the jobs of one share, such as ``2/4``; each job is in exactly one share.

    Raises:
        InputError: the text is not a share.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", shard) if isinstance(shard, str) else None
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise InputError(
            f"`shard` {shard!r} is not a share; for four machines use 1/4, 2/4, 3/4, 4/4"
        )
    return list(jobs[int(found[1]) - 1 :: int(found[2])])


def all_data(settings: Settings) -> Data:
    """Return a configuration's data without its validation split, which may differ by run."""
    return settings.data.model_copy(update={"validation": 0.0})


def _limit(limit: Mapping[str, float], settings: Settings) -> dict[str, Any]:
    """Return the limit of a training that matches the first one."""
    if "seconds" in limit:
        return {"train": {"budget": float(limit["seconds"])}}
    return {"train": {"steps": max(1, round(limit["images"] / settings.train.batch_size))}}


def _latest_of_each() -> list[runs.Folder]:
    newest = runs.latest()
    same_data = [
        folder
        for folder in runs.listed()
        if folder.fingerprint == newest.fingerprint and folder.checkpoint_paths()
    ]
    latest: dict[str, runs.Folder] = {}
    for folder in same_data:
        latest.setdefault(folder.config_name, folder)
    if not latest:
        raise InputError(f"run {newest.path} has no checkpoint yet; continue its training first")
    return list(latest.values())
