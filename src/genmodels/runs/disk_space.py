"""Checks that a folder can be written, and that the files of a run fit on its disk."""

import os
import shutil
import tempfile
from pathlib import Path

from genmodels.errors import InputError, argument, readable_size
from genmodels.system import files


def check(path: Path, largest: int, total: int) -> None:
    """Check that the files of a run will fit on the disk.

    Args:
        path: of the run's folder.
        largest: size of a checkpoint in bytes. A file of this size is made and deleted, because
            the free space of a disk does not show a quota.
        total: size of all files in bytes.

    Raises:
        InputError: the disk is too full, or a quota is reached.
    """
    free = shutil.disk_usage(path).free
    if free < total:
        raise InputError(
            f"run folder {path} will need {readable_size(total)} and its disk has "
            f"{readable_size(free)} free; free space, choose another `out`, "
            "or keep fewer checkpoints with `train.keep=1`"
        )
    if hasattr(os, "posix_fallocate"):
        with tempfile.NamedTemporaryFile(dir=path, prefix=".space-") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, max(1, largest))
            except OSError as error:
                raise InputError(
                    f"a checkpoint of {readable_size(largest)} does not fit in {path}: "
                    f"{error.strerror}; free space or choose another `out`"
                ) from None


def check_out(out: Path) -> None:
    """Check that a folder can be written, before anything is trained.

    Raises:
        InputError: it cannot.
    """
    if why := files.obstacle(out):
        raise InputError(f"`out={argument(out)}` cannot be made, {why}; choose another `out`")
