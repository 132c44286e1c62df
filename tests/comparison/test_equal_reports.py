"""A comparison that is repeated gives the same report, with any number of threads."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import CommandLine, Trained
from genmodels.system import device

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(device.cores() < 2, reason="two threads need two cores"),
]


@pytest.mark.usefixtures("known_features", "workplace")
def test_reports_are_equal_for_any_number_of_threads(
    trained: Trained, genmodels: CommandLine
) -> None:
    trained(Path("one"))
    trained(Path("two"), "gan.yaml")
    reports = []
    for threads in ("1", "2"):
        assert genmodels("compare", "one", "two", "--threads", threads, "--out", threads).code == 0
        report: dict[str, Any] = json.loads(Path(threads, "report.json").read_text())
        del report["measured"]
        reports.append(report)
    assert reports[0] == reports[1]
