"""What a study compares: runs, given images, and a run for each configuration and seed.

The folder of a run that is trained is named by configuration and seed. So an interrupted study
continues where it stopped, and several machines can train shares of one study.
"""

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from genmodels import config, runs
from genmodels.comparison import candidates, judges
from genmodels.comparison.candidates import Candidate
from genmodels.config import custom_code
from genmodels.config.data_settings import Data
from genmodels.config.settings import Settings
from genmodels.console import Display
from genmodels.data import given
from genmodels.data.given import GivenSource
from genmodels.data.images import Images
from genmodels.errors import InputError, brief
from genmodels.evaluation import reference, utility
from genmodels.training import session

Match = Literal["seconds", "images"]
ACCEPTED = (
    "compare takes runs, configurations such as vae.yaml, folders of pictures, and .npy and .npz "
    "files of images"
)


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

    @property
    def folder(self) -> runs.Folder:
        """The run, which need not exist yet."""
        return runs.Folder(self.path)


Part = runs.Folder | Job | GivenSource


@dataclass(frozen=True)
class Plan:
    """Runs, trainings and images to compare, in their order.

    Attributes:
        parts: existing runs, needed trainings, and images that are given without a model.
        layers: overrides, which replace keys of every configuration.
    """

    parts: Sequence[Part]
    layers: Sequence[Mapping[str, Any]]

    @property
    def jobs(self) -> list[Job]:
        """The trainings."""
        return [part for part in self.parts if isinstance(part, Job)]

    @property
    def folders(self) -> list[runs.Folder]:
        """The runs, once all are trained."""
        return [part for part in self.subjects if isinstance(part, runs.Folder)]

    @property
    def given(self) -> list[GivenSource]:
        """The images that are given without a model."""
        return [part for part in self.parts if isinstance(part, GivenSource)]

    @property
    def subjects(self) -> list[runs.Folder | GivenSource]:
        """What is compared, once all runs are trained."""
        return [part.folder if isinstance(part, Job) else part for part in self.parts]

    @property
    def listed(self) -> str:
        """Runs that nobody named, in a sentence for the user."""
        paths = ", ".join(str(folder.path) for folder in self.folders)
        alone = "" if len(self.folders) > 1 else "; there is no other on these data to compare with"
        return f"comparing the latest run of each configuration: {paths}{alone}"

    def settings(self, job: Job) -> Settings:
        """Return the resolved configuration of a training."""
        return config.read(job.source, [*self.layers, {"seed": job.seed}])


def make(
    items: Sequence[str | Path | runs.Folder | GivenSource],
    layers: Sequence[Mapping[str, Any]],
    seeds: int,
    out: Path,
) -> Plan:
    """Plan a study, and check its configurations.

    Args:
        items: runs, configurations and images; if empty, the latest run of each configuration.
        layers: overrides, which replace keys of every configuration.
        seeds: how often each configuration is trained, with seeds from 0.
        out: the study's folder.

    Raises:
        InputError: there is nothing to compare, nothing that can be compared of a given name, or
            one is given twice.
    """
    parts: list[Part] = []
    for item in items or _latest_of_each():
        if isinstance(item, runs.Folder | GivenSource):
            parts.append(item)
        elif is_configuration(item):
            config.read(item, layers)
            name = session.name_of(item)
            stem = name.replace("/", "-")
            parts += [
                Job(name, item, seed, out / "runs" / f"{stem}-seed-{seed}") for seed in range(seeds)
            ]
        else:
            parts.append(_named(item))
    _check_given_once(parts)
    return Plan(parts, layers)


def _named(item: str | Path) -> runs.Folder | GivenSource:
    """Return the run of a name, or the images of a path that is no run's.

    Raises:
        InputError: there is neither.
    """
    here = runs.Folder(Path(item))
    is_run = not here.missing_files() or not runs.Folder(runs.HOME / item).missing_files()
    if not is_run and os.path.isdir(here.path):  # false for impossible paths too
        here.check_complete()
    images = None if is_run else given.source_of(here.path)
    return images or runs.open_run(item, ACCEPTED)


def _check_given_once(parts: Sequence[Part]) -> None:
    """Refuse parts with one path, which would count as several seeds.

    Raises:
        InputError: there are such.
    """
    seen: dict[Path, str] = {}
    for part in parts:
        if part.path is None:
            continue
        name = str(part.source if isinstance(part, Job) else part.path)
        path = part.path.resolve()
        if path in seen:
            other = seen[path]
            raise InputError(
                f"{name} is given twice; give it once"
                if other == name or isinstance(part, GivenSource)
                else f"{other} and {name} both mean the run {part.path}; give one of them, or "
                "rename a configuration"
            )
        seen[path] = name


def is_configuration(item: str | Path) -> bool:
    """Return whether a name is that of a preset or of a YAML file, and not of a run."""
    return str(item).endswith((".yaml", ".yml")) or f"{item}.yaml" in config.presets()


def check(
    plan: Plan,
    match: Match | None,
    features: Sequence[str],
    display: Display,
    with_utility: bool = False,
) -> int:
    """Check runs, data and features before anything is trained.

    Args:
        plan: the plan of the study; if it trains nothing, the evaluation checks it.
        match: what all trainings have in common with the first, which gives the others' limit.
        features: names or files of the judges' features.
        display: shows the progress.
        with_utility: whether classifiers will be trained, which need labels.

    Returns:
        The bytes of the images.

    Raises:
        InputError: the data differ, have too few images or no labels for classifiers, given images
            are not like them, a run has no checkpoint, is there twice or is not what would be
            trained now, a model cannot be made, or there are no such features.
    """
    loaded: dict[str, Images] = {}  # by the settings of the data
    checked: list[Candidate] = []
    for part in plan.parts if plan.jobs else ():
        if isinstance(part, GivenSource):
            continue
        if isinstance(part, runs.Folder):
            candidates.check_run(part)
            checked.append(Candidate.of_run(part))
            continue
        settings = plan.settings(part)
        data, unsplit = settings.data, all_data(settings)
        if repr(unsplit) not in loaded:
            loaded[repr(unsplit)] = session.load(unsplit, display)
        if repr(data) not in loaded:
            loaded[repr(data)] = loaded[repr(unsplit)].with_validation(data.validation)
        images = loaded[repr(data)]
        checked.append(Candidate.planned(part.folder, part.name, settings, images))
        with custom_code.beside(config.find_config(part.source)):
            candidates.check_kept(checked[-1], images)
            if part.seed == 0:  # one of each configuration
                session.model_of(settings, images)
        if not match or part.name == plan.jobs[0].name:
            candidates.check_length(part.folder, settings, images)
    if not checked:
        return _bytes(plan.folders[0]) if plan.folders else 0
    candidates.check_together(checked)
    images = next(iter(loaded.values()))
    reference.check(images)
    if with_utility:
        utility.check(images)
    for source in plan.given:
        given.read(source, images, reference.FEWEST, display.reading)
    judges.extractors(features, images, display)
    display.close()
    return images.table.nbytes


def share(jobs: Sequence[Job], shard: str) -> list[Job]:
    """Return the jobs of one share, such as ``2/4``; each job is in exactly one share.

    Raises:
        InputError: the text is not a share.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", shard) if isinstance(shard, str) else None
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise InputError(
            f"`shard` {brief(shard)} is not a share; for four machines use 1/4, 2/4, 3/4, 4/4"
        )
    return list(jobs[int(found[1]) - 1 :: int(found[2])])


def all_data(settings: Settings) -> Data:
    """Return a configuration's data without its validation split, which may differ by run."""
    return settings.data.model_copy(update={"validation": 0.0})


def _bytes(folder: runs.Folder) -> int:
    """Return the bytes of a run's images; 0 if it does not record their number."""
    data = folder.environment["data"]
    return sum(data.get("counts", {}).values()) * math.prod(data.get("image_shape", ()))


def _latest_of_each() -> list[runs.Folder]:
    newest = runs.latest()
    latest: dict[str, runs.Folder] = {}
    for folder in runs.listed():
        if folder.fingerprint == newest.fingerprint and folder.saved_step:
            latest.setdefault(folder.config_name, folder)
    return list(latest.values()) or [newest]
