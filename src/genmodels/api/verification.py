"""The verb that checks a run, and the one that trains steps again."""

from pathlib import Path

from genmodels.api import arguments
from genmodels.api.run import Run, opened
from genmodels.console import Display
from genmodels.training import verification
from genmodels.training.verification import Finding as Finding


def verify(run: Run | str | Path | None = None) -> list[Finding]:
    """Read every file of a run that later commands depend on.

    Args:
        run: a run or its folder; by default the newest under ``runs/``.

    Returns:
        One finding for each; damaged is what has a ``problem``.

    >>> from genmodels import api
    >>> [finding.path for finding in api.verify("runs/first") if finding.problem]
    []
    """
    return list(verification.check(opened(run).folder))


def replay(run: Run | str | Path | None = None, steps: int = 5, quiet: bool = False) -> list[str]:
    """Train on from the newest checkpoint twice, without touching the run.

    Args:
        run: a run or its folder; by default the newest under ``runs/``.
        steps: how many.
        quiet: show no progress.

    Returns:
        The names of the tensors that differ; empty where the steps repeat bit for bit.

    >>> from genmodels import api
    >>> api.replay("runs/first", steps=2, quiet=True)
    []
    """
    steps = arguments.integer("replay", steps, 1)
    return verification.replay(opened(run).folder, steps, Display(quiet))
