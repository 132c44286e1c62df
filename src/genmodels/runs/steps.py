"""File names with the training step, such as ``step-000001000.safetensors``."""

import re
from pathlib import Path

_STEP = re.compile(r"step-(\d{9,18})\.safetensors", re.ASCII)
_PART = re.compile(rf"\.{_STEP.pattern}\.\d+\.part", re.ASCII)


def step_name(step: int) -> str:
    """Return the file name of a checkpoint or snapshot."""
    return f"step-{step:09d}.safetensors"


def by_step(folder: Path) -> dict[int, Path]:
    """Return the files of a folder that are named after a step, by step, in increasing order."""
    steps = {
        int(match[1]): path for path in folder.glob("*") if (match := _STEP.fullmatch(path.name))
    }
    return dict(sorted(steps.items()))


def is_part(name: str) -> bool:
    """Return whether a file name is that of an incomplete checkpoint or snapshot."""
    return _PART.fullmatch(name) is not None
