"""The log as event files of TensorBoard, which is an optional dependency."""

from pathlib import Path

from genmodels.config.settings import Settings
from genmodels.runs.manifest import Record
from genmodels.training.loggers import Logger


class TensorBoard(Logger):
    """Event files in the folder of a run, with a curve for each number of the records."""

    library = "tensorboard"
    install = "genmodels[tensorboard]"

    def __init__(self, folder: Path, settings: Settings):
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder / "tensorboard"))

    def log(self, record: Record) -> None:
        """Write one record of the log."""
        for name, value in record.items():
            self.writer.add_scalar(name.replace(".", "/"), value, record["step"])
        self.writer.flush()

    def finish(self) -> None:
        """Close the files."""
        self.writer.close()


LOGGER = TensorBoard
