"""A small extension: the parts of the reference that are generated from the package itself.

A line ``<!-- generated: NAME -->`` of a page is replaced by Markdown when the page is read, so
nothing that is generated is ever a file.
"""

import re
from collections.abc import Callable
from typing import Any

import command_line
import configuration
import measures

PARTS: dict[str, Callable[[], str]] = {
    "commands": command_line.commands,
    "settings": configuration.settings,
    "models": configuration.models,
    "networks": configuration.networks_,
    "metrics": measures.metrics,
    "baselines": measures.baselines,
    "formats": measures.formats,
    "datasets": measures.datasets,
}
MARK = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)


def setup(app: Any) -> dict[str, Any]:
    """Register the extension with Sphinx."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fill(app: Any, page: str, source: list[str]) -> None:
    """Replace the marks of a page, in place."""
    source[0] = MARK.sub(lambda mark: PARTS[mark[1]](), source[0])
