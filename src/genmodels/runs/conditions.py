"""The conditions that a run was trained under, which may change when it is resumed."""

import json
from collections.abc import Sequence
from typing import Literal

from genmodels.runs.folder import Folder
from genmodels.runs.manifest import Environment
from genmodels.system import files


def threads(environment: Environment) -> tuple[int, ...]:
    """Return the numbers of CPU threads in their order; none on a GPU, and for earlier versions."""
    if environment.get("device") != "cpu" or "threads" not in environment:
        return ()
    return (environment["threads"], *environment.get("later_threads", ()))


def jobs(environment: Environment) -> tuple[int, ...]:
    """Return how many trainings of its study ran at a time, in order; 1 without a study."""
    return (environment.get("jobs", 1), *environment.get("later_jobs", ()))


def resume_threads(folder: Folder, count: int) -> str:
    """Record the number of CPU threads with which a run is resumed.

    Returns:
        A sentence for the user if it is another number than before, else an empty string.
    """
    used = threads(folder.environment)
    if not _record(folder, "later_threads", used, count):
        return ""
    return (
        f"CPU threads: {used[-1]} so far, {count} from now on, so the last bits may differ from "
        "those of an undisturbed run"
    )


def resume_jobs(folder: Folder, count: int) -> None:
    """Record how many trainings of its study run at a time while a run is resumed."""
    _record(folder, "later_jobs", jobs(folder.environment), count)


def _record(
    folder: Folder, key: Literal["later_threads", "later_jobs"], used: Sequence[int], count: int
) -> bool:
    """Write another number than the last one into ``environment.json``; return if it was."""
    if not used or count == used[-1]:
        return False
    folder.environment[key] = [*used[1:], count]
    files.write(folder.environment_path, json.dumps(folder.environment, indent=1).encode())
    return True
