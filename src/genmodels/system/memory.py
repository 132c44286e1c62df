"""What happens where memory runs out: chunks are halved, or one line says what to lower."""

import re
import warnings
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from genmodels.errors import Note

Result = TypeVar("Result")
# What PyTorch's allocators say: on a GPU, on Linux and macOS, on Windows.
_SAID = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)
_ASKED = re.compile(r"tried to allocate (\d+ bytes|[\d.]+ [KMGT]?i?B)", re.IGNORECASE)


def ran_out(error: BaseException) -> bool:
    """Whether an error says that there was no memory left."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and bool(_SAID.search(str(error)))


def asked(error: BaseException) -> str:
    """How much memory was asked for when there was none left; empty where it is not said."""
    found = _ASKED.search(str(error))
    if not found:
        return ""
    number, unit = found[1].split()
    return f"{int(number) / 2**20:,.1f} MiB" if unit == "bytes" else found[1]


def told(error: BaseException) -> str:
    """That memory ran out, and for how much more, where that is said."""
    more = asked(error)
    return f"memory ran out when {more} more were asked for" if more else "memory ran out"


class Chunks:
    """Rows are treated in chunks, which are halved for good when memory runs out.

    Args:
        size: rows of a chunk, at first.
        what: is done to them, for the message.
    """

    def __init__(self, size: int, what: str):
        self.size, self.what = size, what

    def map(self, function: Callable[[Tensor], Result], rows: Tensor) -> list[Result]:
        """Apply a function to consecutive chunks of rows, (n, …) each.

        Raises:
            RuntimeError: PyTorch's, where not even one row fits.
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
            self.size //= 2  # outside the handler, which holds what filled the memory
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            note = f"memory ran out while {self.what}: going on with {self.size} at a time"
            warnings.warn(Note(note), stacklevel=2)
        return results
