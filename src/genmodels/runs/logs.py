"""The log of a run: one JSON object per line.

A record is of an epoch, or of the copies among samples at a step.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from genmodels.errors import InputError, Unwritable, brief
from genmodels.runs import checkpoint, manifest
from genmodels.runs.manifest import Record
from genmodels.system import files

COPIES = {"images", "copies.samples", "copies.found"}  # what every record of copies has


def read(path: Path) -> list[Record]:
    """Return the records of a log, oldest first, without an incomplete last line.

    Raises:
        InputError: a complete line is no record.
    """
    if not path.exists():
        return []
    try:
        complete = path.read_text(encoding="utf-8").rpartition("\n")[0]
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    return [_record(path, number, line) for number, line in enumerate(complete.splitlines(), 1)]


def _record(path: Path, number: int, line: str) -> Record:
    """Return the record in a line of a log.

    Raises:
        InputError: the line holds none.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not manifest.is_record(record) or (is_of_copies(record) and not record.keys() >= COPIES):
        raise InputError(
            f"{path} cannot be read: line {number} is no record of a training, {brief(line)}; "
            "delete that line, or restore the file from a copy"
        )
    return record


def is_of_copies(record: Record) -> bool:
    """Return whether a record is of the copies among samples; all others are of epochs."""
    return "copies.samples" in record


def described(path: Path) -> str:
    """Return how many records of each kind a log has, in words.

    Raises:
        InputError: the log is damaged.
    """
    copies = [is_of_copies(record) for record in read(path)]
    epochs = f"{copies.count(False):,} {'record' if copies.count(False) == 1 else 'records'}"
    return f"{epochs} of epochs, {copies.count(True):,} of copies"


def lost(path: Path, checkpoints: Sequence[Path]) -> str:
    """Return what was in a log that is missing, and what to do; empty if nothing is missing.

    Args:
        path: of the log.
        checkpoints: those of its run, oldest first. The newest says what was recorded.
    """
    if path.exists() or not checkpoints:
        return ""
    progress = checkpoint.peek(checkpoints[-1]).get("progress")
    recorded = progress.get("recorded") if isinstance(progress, dict) else None
    if not isinstance(recorded, int) or not recorded:
        return ""
    return f"the epochs until step {recorded:,} were recorded in it; restore it from a copy"


def append(path: Path, record: Mapping[str, float]) -> None:
    """Append a record to a log.

    Raises:
        Unwritable: the disk is full or the file is read-only.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    except OSError as error:
        raise Unwritable(
            f"{path} cannot be written: {error.strerror}; free space, then `resume`"
        ) from None


def rewind(path: Path, step: int, recorded: int, steps_per_epoch: int) -> None:
    """Remove records that a resumed run writes again.

    Args:
        path: of the log.
        step: that of the checkpoint; later records of copies are removed.
        recorded: the last epoch's step that was in the log when the checkpoint was saved; later
            records of epochs are removed.
        steps_per_epoch: records of unfinished epochs are removed too.
    """

    def is_kept(record: Record) -> bool:
        if is_of_copies(record):
            return record["step"] <= step
        return record["step"] <= recorded and record["step"] % steps_per_epoch == 0

    kept = [record for record in read(path) if is_kept(record)]
    files.write(path, "".join(json.dumps(record) + "\n" for record in kept).encode())
