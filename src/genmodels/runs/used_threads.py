"""The numbers of CPU threads that a run was trained with."""

import json

from genmodels.runs.folder import Folder
from genmodels.runs.manifest import Environment
from genmodels.system import files


def of(environment: Environment) -> tuple[int, ...]:
    """Return the numbers in their order; none on a GPU, and for runs of earlier versions."""
    if environment.get("device") != "cpu" or "threads" not in environment:
        return ()
    return (environment["threads"], *environment.get("later_threads", ()))


def resume(folder: Folder, count: int) -> str:
    """Record the number with which a run is resumed.

    Returns:
        A sentence for the user if it is another number than before, else an empty string.
    """
    used = of(folder.environment)
    if not used or count == used[-1]:
        return ""
    folder.environment["later_threads"] = [*used[1:], count]
    files.write(folder.environment_path, json.dumps(folder.environment, indent=1).encode())
    return (
        f"CPU threads: {used[-1]} so far, {count} from now on, so the last bits may differ from "
        "those of an undisturbed run"
    )
