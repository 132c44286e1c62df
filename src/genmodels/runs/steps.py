"""Files that are named after a step of training, and sort by it."""

import re
from pathlib import Path

_STEP = re.compile(r"step-(\d{9,18})\.safetensors", re.ASCII)
_PART = re.compile(rf"\.{_STEP.pattern}\.\d+\.part", re.ASCII)


def step_name(step: int) -> str:
    """The file name of a checkpoint, which sorts by step."""
    return f"step-{step:09d}.safetensors"


def by_step(folder: Path) -> dict[int, Path]:
    """The files of a folder that are named after steps, in their order."""
    steps = {
        int(match[1]): path for path in folder.glob("*") if (match := _STEP.fullmatch(path.name))
    }
    return dict(sorted(steps.items()))


def is_part(name: str) -> bool:
    """Whether a file is what a process had begun to write under such a name."""
    return _PART.fullmatch(name) is not None
