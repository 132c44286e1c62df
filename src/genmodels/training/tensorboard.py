"""The log as TensorBoard's event files; an extra."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genmodels.errors import InputError


def check() -> None:
    """Say whether TensorBoard is there.

    Raises:
        InputError: it is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise InputError(
            "train.tensorboard is true, but TensorBoard is not installed; "
            "install it with: pip install 'genmodels[tensorboard]'"
        )


class Events:
    """Writes each numeric value of a record under its own name."""

    def __init__(self, folder: Path):
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder))

    def write(self, record: Mapping[str, Any]) -> None:
        """Write one record of the log."""
        for name, value in record.items():
            self.writer.add_scalar(name.replace(".", "/"), value, record["step"])
        self.writer.flush()
