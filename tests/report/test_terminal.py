"""The table of a comparison is complete in a terminal of any width."""

import io
import re

import pytest
from rich.console import Console

from genmodels.report.terminal import ComparisonTable

MODELS = ["vae", "gan", "flow model.depth=8", "copied training set", "floor"]
LABELS = ["FD (random)", "coverage", "images whose nearest image is a training image"]
ROWS = [[label, *(f"{row}{column}.3 ± 3.2" for column in range(1, 6))]
        for row, label in enumerate(LABELS, 1)]  # fmt: skip
TABLE = ComparisonTable("glyphs: 200 images on each side", "± is the interval", MODELS, ROWS)


def rendered(width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(TABLE)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", range(68, 161))
def test_no_name_and_no_number_is_cut(width: int) -> None:
    # 68: the longest label, 46 characters, with a gap of two and the longest heading, 19.
    lines = rendered(width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    cells = [cell for row in ROWS for cell in row[1:]]
    assert sorted(re.findall(r"\d\d\.3 ± 3\.2", text)) == sorted(cells)
    for model in MODELS:
        assert sum(model in line for line in lines) == 1
    blocks = sum(any(model in line for model in MODELS) for line in lines)
    for label in LABELS:
        assert sum(line.startswith(label) for line in lines) == blocks


def test_columns_share_a_table_while_they_fit() -> None:
    # 46 characters of labels, then columns of 10, 10, 18, 19 and 10, and five gaps of two: 123.
    assert [sum(LABELS[0] in line for line in rendered(width)) for width in (123, 122)] == [1, 2]


def test_a_narrow_terminal_wraps_names_not_numbers() -> None:
    text = "\n".join(rendered(40))
    assert "…" not in text
    assert len(re.findall(r"\d\d\.3 ± 3\.2", text)) == len(LABELS) * len(MODELS)
