"""When a training is saved."""

import time

from genmodels import runs

FIRST = 10.0  # seconds from the start to the first checkpoint, if the interval is not shorter


def is_due(folder: runs.Folder, saved_at: float, save_every: float, failed: int) -> bool:
    """Return whether a checkpoint is due.

    The first one of a run is saved early, so that a training that breaks in its first minute
    leaves a model.

    Args:
        folder: of the run.
        saved_at: the time of the last checkpoint or of the start, by ``time.monotonic()``.
        save_every: seconds between two checkpoints.
        failed: the number of attempts since the last checkpoint that failed.
    """
    waited = time.monotonic() - saved_at
    if waited > save_every:
        return True
    return waited > FIRST and not failed and not folder.checkpoint_paths()
