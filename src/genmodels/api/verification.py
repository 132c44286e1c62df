"""The functions that check a run's files, and that its steps are reproducible."""

from pathlib import Path

from genmodels.api import arguments
from genmodels.api.run import Run, opened
from genmodels.console import Display
from genmodels.training import verification
from genmodels.training.verification import Finding as Finding


def verify(run: Run | str | Path | None = None) -> list[Finding]:
    """Check every file of a run that other commands need.

    Args:
        run: a run or its folder; by default the newest under ``runs/``.

    Returns:
        One finding for each file; those that are damaged or missing have a ``problem``.

    >>> from genmodels import api
    >>> [finding.path for finding in api.verify("runs/first") if finding.problem]
    []
    """
    return list(verification.check(opened(run).folder))


def replay(run: Run | str | Path | None = None, steps: int = 5, quiet: bool = False) -> list[str]:
    """Train twice from the newest checkpoint and compare the results; the run is unchanged.

    Args:
        run: a run or its folder; by default the newest under ``runs/``.
        steps: number of training steps.
        quiet: whether no progress is shown.

    Returns:
        The names of the tensors that differ; empty if the steps repeat bit for bit.

    >>> from genmodels import api
    >>> api.replay("runs/first", steps=2, quiet=True)
    []
    """
    steps = arguments.count("replay", steps)
    quiet = arguments.flag("quiet", quiet)
    return verification.replay(opened(run).folder, steps, Display(quiet))
