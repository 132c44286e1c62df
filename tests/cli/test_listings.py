"""The listings of runs and of data sets: every terminal shows them, and damage hides nothing."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import CommandLine, Trained

Lines = Callable[[str, int], list[str]]


@pytest.fixture
def lines(
    workplace: Path, trained: Trained, genmodels: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> Lines:
    """A function that prints a listing in a terminal of some columns, and returns its lines."""
    log = trained(workplace / "runs" / "gan-20261126-165157", "gan.yaml") / "log.jsonl"
    log.write_text(re.sub(r'"step": \d+', '"step": 11018', log.read_text()))

    def shown(command: str, columns: int) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        return re.sub(r"\x1b\[\d*m", "", genmodels(command).out).splitlines()

    return shown


@pytest.mark.parametrize(
    ("columns", "headings"),
    [
        (60, "run step loss"),
        (80, "run data step loss"),
        (120, "run config data epoch step loss"),
    ],
)
def test_runs_fit_a_terminal(columns: int, headings: str, lines: Lines) -> None:
    heading, *rows, after = lines("runs", columns)
    assert heading.split() == headings.split()
    assert max(map(len, [heading, *rows])) <= columns
    assert len(rows) == (2 if columns == 60 else 1)  # in 60, a line for each loss
    assert re.search(r" 11,018 +discriminator \d[\d.]+( +generator [\d.]+)? *$", rows[0])
    assert after.startswith("next: ")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_data_sets_have_a_line_each(columns: int, lines: Lines) -> None:
    heading, *rows = lines("datasets", columns)
    assert ("classes" in heading) == (columns > 60)
    assert rows[0].split()[0] == "glyphs"
    assert all(re.match(r"[a-z0-9-]+ +\dx\d+x\d+ ", row) for row in rows[:17])
    assert max(map(len, [heading, *rows[:17]])) <= columns


def test_a_damaged_log_hides_no_run(
    workplace: Path, trained: Trained, genmodels: CommandLine
) -> None:
    intact = trained(Path("runs/a"))
    shutil.copytree(intact, "runs/b")
    records = Path("runs/b/log.jsonl").read_text().count("\n")
    with Path("runs/b/log.jsonl").open("a") as file:
        file.write("garbage\n")
    listed = genmodels("runs")
    assert listed.code == 0
    assert re.search(r"^runs/a .* elbo [\d.]+ *$", listed.out, re.MULTILINE)
    assert re.search(r"^runs/b .* damaged log *$", listed.out, re.MULTILINE)
    assert listed.out.endswith("next: genmodels verify runs/b\n")
    checked = genmodels("verify", "runs/b")
    assert checked.code == 2
    assert (
        f"line {records + 1} is no record of a training, 'garbage'; delete that line" in checked.out
    )


def test_a_lost_log_is_named(workplace: Path, trained: Trained, genmodels: CommandLine) -> None:
    trained(Path("runs/a"))
    Path("runs/a/log.jsonl").unlink()
    listed = genmodels("runs")
    assert re.search(r"^runs/a .* no log *$", listed.out, re.MULTILINE)
    assert listed.out.endswith("next: genmodels verify runs/a\n")


def test_a_damaged_configuration_is_one_damaged_file(
    workplace: Path, trained: Trained, genmodels: CommandLine
) -> None:
    run = trained(Path("runs/a"))
    (run / "config.yaml").write_text("[")
    checked = genmodels("verify", run)
    assert checked.code == 2
    assert checked.out.count("DAMAGED") == 1
    kept = [*(run / "checkpoints").iterdir(), *(run / "snapshots").iterdir()]
    assert checked.out.count("not checked: config.yaml is needed") == len(kept) > 0
    assert re.search(
        rf"1 of \d files of runs/a are damaged or missing, {len(kept)} not", checked.err
    )


def test_one_model_is_nothing_to_compare_with(
    workplace: Path, trained: Trained, genmodels: CommandLine
) -> None:
    trained(Path("runs/a"))
    alone = genmodels("interpolate", "--out", "a.png")
    assert alone.out.endswith("next: genmodels models\n")
    said, *_ = genmodels("compare", "--features", "nowhere.safetensors").err.splitlines()
    assert said.endswith("runs/a; there is no other on these data to compare with")
    trained(Path("runs/b"), "gan.yaml")
    both = genmodels("interpolate", "runs/a", "--out", "b.png")
    assert both.out.endswith("next: genmodels compare runs/a runs/b\n")
    assert genmodels("models", "vae").out.endswith("next: genmodels train --config vae.yaml\n")
