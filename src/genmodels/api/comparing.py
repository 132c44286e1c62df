"""The verb that trains what is missing, and measures all of it alike."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, get_args

from genmodels import config, runs
from genmodels.comparison import measure, plan
from genmodels.comparison.plan import Match
from genmodels.comparison.result import Comparison
from genmodels.config import custom_code
from genmodels.console import Display
from genmodels.errors import InputError
from genmodels.evaluation.protocol import COUNT
from genmodels.report import files
from genmodels.system.provenance import measured


class HasFolder(Protocol):
    """A run, as somebody who trained it holds it."""

    @property
    def folder(self) -> runs.Folder:
        """Where it lies."""
        ...


def compare(
    subjects: Sequence[str | Path | HasFolder] = (),
    *,
    data: str | None = None,
    data_root: str | Path | None = None,
    settings: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    epochs: int | None = None,
    steps: int | None = None,
    budget: str | float | None = None,
    device: str | None = None,
    precision: str | None = None,
    on_nan: str | None = None,
    on_bad: str | None = None,
    seeds: int = 1,
    count: int = COUNT,
    features: str = "auto",
    match: Match | None = None,
    shard: str | None = None,
    out: str | Path = "comparison",
    seed: int = 0,
    trust_code: bool = False,
    quiet: bool = False,
) -> Comparison | None:
    """Compare runs and configurations on the same data; configurations are trained first.

    Args:
        subjects: runs, run folders and configurations; by default the latest run of each
            configuration on the newest run's data.
        data, data_root, epochs, steps, budget, device, precision, on_nan, on_bad: replace what
            every configuration says that is trained; a limit replaces any other limit.
        settings: further overrides of them, nested.
        seeds: how often each configuration is trained.
        count: test images and samples that are used, at most.
        features: ``auto``, ``domain``, ``random``, ``inception`` or a file.
        match: give every configuration as many ``seconds`` or ``images`` as the first had.
        shard: ``K/N``: train the K-th of N shares of the runs and compare nothing, so that
            several machines can work on one study in a folder that they all see.
        out: the folder for the report; runs that are trained lie in it too.
        seed: of the samples.
        trust_code: whether modules that runs bring may be executed.
        quiet: show no progress.

    Returns:
        The comparison; None for a shard.

    Raises:
        InputError: the runs were trained on different data, or one is of no use.
    """
    if seeds < 1 or count < 2:
        raise InputError(f"--seeds {seeds} --count {count}: give 1 or more seeds, 2 or more images")
    if match not in (None, *get_args(Match)):
        raise InputError(f"unknown --match {match!r}; use {' or '.join(get_args(Match))}")
    plan.check_out(Path(out))
    display = Display(quiet)
    layers = [settings] if isinstance(settings, Mapping) else list(settings)
    layers.append(
        config.overrides(
            data, data_root=data_root, epochs=epochs, steps=steps, budget=budget,
            device=device, precision=precision, on_nan=on_nan, on_bad=on_bad,
        )
    )  # fmt: skip
    given = [s if isinstance(s, str | Path) else s.folder for s in subjects]
    planned = plan.make(given, layers, seeds, Path(out))
    jobs = planned.jobs if shard is None else plan.share(planned.jobs, shard)
    if shard and match:
        raise InputError("--match needs the first run before the others; leave out --shard")
    for folder in planned.parts if trust_code else ():
        custom_code.approve(folder.path)
    plan.check(planned, features, display)
    plan.train(planned, jobs, match, display)
    if shard:
        return None
    comparison = measure.compare(planned.folders, count, features, seed, display)
    files.save(comparison, Path(out), measured())
    return comparison
