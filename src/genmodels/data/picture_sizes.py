"""The sizes of the pictures in a folder."""

import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from genmodels.data import decoding, workers
from genmodels.data.decoding import BROKEN


def count(folder: Path, files: Sequence[str]) -> Counter[tuple[int, int]]:
    """Count the sizes (height, width) of pictures; decoding reports those without one."""

    def size(file: str) -> tuple[int, int] | None:
        try:
            return decoding.size(folder / file)
        except BROKEN:
            return None

    with warnings.catch_warnings(), ThreadPoolExecutor() as pool:  # threads wait for slow disks
        workers.quiet()
        return Counter(found for found in pool.map(size, files) if found)


def described(counts: Counter[tuple[int, int]]) -> str:
    """Return the most frequent of counted sizes as text: ``2 sizes (8 of 28x28, 1 of 32x32)``."""
    shown = ", ".join(f"{n:,} of {w}x{h}" for (h, w), n in counts.most_common(4))
    more = ", …" if len(counts) > 4 else ""
    return f"{len(counts):,} size{'s' if len(counts) > 1 else ''} ({shown}{more})"
