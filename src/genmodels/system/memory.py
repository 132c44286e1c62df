"""What to do when memory runs out: halve the chunks, or tell the user what to lower."""

import re
import warnings
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from genmodels.errors import Note, readable_size

Result = TypeVar("Result")
# Messages of PyTorch's allocators: on a GPU, on Linux and macOS, on Windows; for 2**63 bytes.
_OUT_OF_MEMORY = re.compile(
    r"out of memory|can't allocate memory|not enough memory|storage size calculation overflowed",
    re.IGNORECASE,
)
_REQUESTED = re.compile(r"tried to allocate (\d+ bytes|[\d.]+ [KMGT]?i?B)", re.IGNORECASE)


def ran_out(error: BaseException) -> bool:
    """Return whether an error means that there was not enough memory."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and bool(_OUT_OF_MEMORY.search(str(error)))


def requested(error: BaseException) -> str:
    """Return the size of the request that failed, such as ``20.0 MiB``; empty if unknown."""
    found = _REQUESTED.search(str(error))
    if not found:
        return ""
    number, unit = found[1].split()
    return readable_size(int(number)) if unit == "bytes" else found[1]


def description(error: BaseException) -> str:
    """Return a sentence that memory ran out, with the size of the request if it is known."""
    size = requested(error)
    return f"memory ran out when {size} more were asked for" if size else "memory ran out"


class Chunks:
    """A function applied chunk by chunk. The chunks are halved for good when memory runs out.

    Args:
        size: rows of a chunk, at first.
        activity: what the function does, for the message, such as ``generating images``.
    """

    def __init__(self, size: int, activity: str):
        self.size, self.activity = size, activity

    def map(self, function: Callable[[Tensor], Result], rows: Tensor) -> list[Result]:
        """Apply a function to consecutive chunks of rows, (n, …) each.

        Raises:
            RuntimeError: PyTorch's, where memory runs out for a single row.
        """
        results: list[Result] = []
        start = 0
        while start < len(rows):
            try:
                results.append(function(rows[start : start + self.size]))
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error) or self.size == 1:
                    raise
            else:
                start += self.size
                continue
            self.size //= 2  # outside the handler: the error holds the tensors that fill memory
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            note = f"memory ran out while {self.activity}: going on with {self.size} at a time"
            warnings.warn(Note(note), stacklevel=2)
        return results
