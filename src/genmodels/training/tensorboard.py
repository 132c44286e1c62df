"""The log as event files of TensorBoard, which is an optional dependency."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

from genmodels.errors import InputError


def check() -> None:
    """Check that TensorBoard is installed.

    Raises:
        InputError: it is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise InputError(
            "train.tensorboard is true, but TensorBoard is not installed; "
            "install it with: pip install 'genmodels[tensorboard]'"
        )


class Events:
    """Event files in a folder, with a curve for each number of the records."""

    def __init__(self, folder: Path):
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder))

    def write(self, record: Mapping[str, float]) -> None:
        """Write one record of the log."""
        for name, value in record.items():
            self.writer.add_scalar(name.replace(".", "/"), value, record["step"])
        self.writer.flush()
