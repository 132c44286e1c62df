"""The origin of numbers: date, command and versions."""

import hashlib
import platform
import shlex
import sys
from datetime import UTC, datetime
from functools import cache
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


@cache
def maker() -> dict[str, str]:
    """Return what computes numbers: versions, a hash of the code of genmodels, and the machine."""
    code = hashlib.sha256()
    root = Path(genmodels.__file__).parent
    for path in sorted(root.rglob("*.py")):
        code.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return {**versions(), "code": code.hexdigest(), "machine": platform.node()}


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
