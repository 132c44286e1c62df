"""A comparison that is repeated gives the same report, with any number of threads."""

import json
from collections.abc import Iterator
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
    first, second = (dict(numbers(report)) for report in reports)
    # Bit for bit on AMD's processors; some products of Intel's are rounded by the threads.
    assert first == pytest.approx(second, rel=1e-3, abs=2e-3, nan_ok=True)


def numbers(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    """Yield all numbers of a report with their places."""
    if isinstance(value, dict | list):
        keyed = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in keyed:
            yield from numbers(inner, f"{place}/{key}")
    elif isinstance(value, int | float):
        yield place, float(value)
