"""The log as TensorBoard's event files; an extra."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genmodels.errors import InputError


class Events:
    """Writes each numeric value of a record under its own name.

    Raises:
        InputError: TensorBoard is not installed.
    """

    def __init__(self, folder: Path):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise InputError(
                "train.tensorboard is true, but TensorBoard is not installed; "
                "install it with: pip install 'genmodels[tensorboard]'"
            ) from None
        self.writer = SummaryWriter(str(folder))

    def write(self, record: Mapping[str, Any]) -> None:
        """Write one record of the log."""
        for name, value in record.items():
            self.writer.add_scalar(name.replace(".", "/"), value, record["step"])
        self.writer.flush()
