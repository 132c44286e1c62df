"""The origin of numbers: date, command and versions."""

import platform
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import genmodels


def versions() -> dict[str, str]:
    """Return the versions that numbers may depend on."""
    return {
        "genmodels": genmodels.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def measured() -> dict[str, Any]:
    """Return the date, the command and the versions of numbers that are made now."""
    return {
        "date": now().isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "versions": versions(),
    }


def now() -> datetime:
    """Return the present time, in UTC."""
    return datetime.now(UTC)
