"""The JSON files of results: after a crash there is the old file or the new file."""

import json
from pathlib import Path
from typing import Any

from genmodels.system import files

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = DOCS / "results"


def read(path: Path) -> Any:
    """Return the content of a result."""
    return json.loads(path.read_text(encoding="utf-8"))


def write(path: Path, content: object) -> None:
    """Write a result; missing folders are made.

    Raises:
        Unwritable: the file cannot be written. The old file is unchanged.
    """
    files.write(path, (json.dumps(content, indent=1) + "\n").encode())
