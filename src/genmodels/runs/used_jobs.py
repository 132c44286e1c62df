"""How many trainings of a study ran at a time while a run was trained."""

import json

from genmodels.runs.folder import Folder
from genmodels.runs.manifest import Environment
from genmodels.system import files


def of(environment: Environment) -> tuple[int, ...]:
    """Return the numbers in their order; 1 for a run that is not of a study."""
    return (environment.get("jobs", 1), *environment.get("later_jobs", ()))


def resume(folder: Folder, jobs: int) -> None:
    """Record the number with which a run is resumed."""
    used = of(folder.environment)
    if jobs != used[-1]:
        folder.environment["later_jobs"] = [*used[1:], jobs]
        files.write(folder.environment_path, json.dumps(folder.environment, indent=1).encode())
