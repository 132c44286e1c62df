"""When numbers were made, and by what."""

import platform
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import genmodels


def versions() -> dict[str, str]:
    """The versions that numbers may depend on."""
    return {
        "genmodels": genmodels.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def measured() -> dict[str, Any]:
    """When and by what numbers were made."""
    return {
        "date": now().isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "versions": versions(),
    }


def now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)
