"""Whether what a run will write fits on its disk."""

import os
import shutil
import tempfile
from pathlib import Path

from genmodels.errors import InputError


def check(path: Path, largest: int, total: int) -> None:
    """Refuse, before training, files that will not fit on the disk.

    Args:
        path: of the run's folder.
        largest: bytes of a checkpoint; so much is really taken for a moment, since a quota
            does not show otherwise.
        total: bytes of all files.

    Raises:
        InputError: the disk is too full, or a quota is reached.
    """
    free = shutil.disk_usage(path).free
    if free < total:
        raise InputError(
            f"run folder {path} will take {total / 1e9:.2f} GB and its disk has "
            f"{free / 1e9:.2f} GB free; free space, choose another `out`, "
            "or keep fewer checkpoints with `train.keep=1`"
        )
    if hasattr(os, "posix_fallocate"):
        with tempfile.NamedTemporaryFile(dir=path, prefix=".room-") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, max(1, largest))
            except OSError as error:
                raise InputError(
                    f"a checkpoint of {largest / 2**20:.1f} MiB does not fit in {path}: "
                    f"{error.strerror}; free space or choose another `out`"
                ) from None
