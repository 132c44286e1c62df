"""What the terminal and ``report.md`` show of a comparison: what decides, and each thing once."""

import dataclasses
import io
import itertools
import sys
from pathlib import Path

import pytest
import torch
from test_verdicts import CODING, PLAYING, comparison, entry

from genmodels import api, cli
from genmodels.comparison import pairs, verdicts
from genmodels.comparison.entry import Entry
from genmodels.comparison.result import Comparison
from genmodels.evaluation.metrics.table import BINARISED, PROMINENT
from genmodels.report import markdown, terminal

FDS = {"a": [1.0, 1.05, 1.1], "b": [2.0, 2.1, 2.2], "c": [2.05, 2.1, 2.25]}
WHOLE = Path("study/report.md")


def compared(seeds: int, **more: float) -> Comparison:
    return comparison(*(entry(name, {**CODING, **more}, fds[:seeds]) for name, fds in FDS.items()))


def written(made: Comparison) -> list[str]:
    return markdown.render(made, {"command": "x"}).splitlines()


@pytest.mark.parametrize("seeds", [1, 3])
def test_each_sentence_about_a_pair_stands_once(seeds: int) -> None:
    made = compared(seeds)
    lines = [line for line in written(made) if line.startswith("- ")]
    assert len(set(lines)) == len(lines)
    told = " ".join(lines)
    for text in pairs.sentences(made.pairs):
        assert told.count(text) == 1
    for one, other in itertools.combinations(FDS, 2):
        assert f"{one} and {other}" in told or f"{one} is better than {other}" in told


def test_two_models_need_no_list_of_other_differences() -> None:
    two = comparison(entry("a", CODING, FDS["a"]), entry("b", PLAYING, FDS["b"]))
    assert "## Other differences" not in written(two)
    assert "## Other differences" in written(compared(3))


def test_a_bar_in_a_cell_is_escaped() -> None:
    assert markdown.table([["a|b", "c"], ["1", "2"]]) == "| a\\|b | c |\n|---|---|\n| 1 | 2 |"


def test_pairs_that_are_not_tested_share_one_reason() -> None:
    (told,) = pairs.sentences(compared(1).pairs)
    assert told == "a and b; a and c; b and c: not resolved: one seed."
    assert len(pairs.sentences(compared(3).pairs)) == 3


def test_the_terminal_shows_what_decides_and_says_where_the_rest_is() -> None:
    made = compared(3, precision=0.5, sharpness_relative=0.5)
    shown = terminal.comparison_table(made, WHOLE)
    names = [row[0] for row in shown.rows]
    assert names[0] == "FD on domain features"
    assert set(names[1:]) == {"precision", "coverage", "outliers", "copies of training images"}
    everything = len(made.table())
    assert everything > len(names)
    note = f"{len(names)} of {everything} numbers; all are in {WHOLE}"
    assert str(shown.caption).splitlines()[-1] == note
    lines = written(made)
    assert sum(line.startswith("| ") for line in lines) >= everything


def counting(made: Entry) -> Entry:
    """Return a model of whose FD it is known how much each test image counts."""
    influence = {"fd_domain": torch.linspace(-0.5, 0.5, 1000)}
    results = []
    for each in made.results:
        evaluation = dataclasses.replace(each.evaluation, influence=influence)
        results.append(dataclasses.replace(each, evaluation=evaluation))
    return dataclasses.replace(made, results=results)


def test_intervals_and_tests_say_whether_test_images_count() -> None:
    models = [entry(name, CODING, fds) for name, fds in FDS.items()]
    of_seeds, of_both = comparison(*models), comparison(*map(counting, models))
    fd, every = [of_seeds.fd], of_seeds.main_rows()
    assert verdicts.intervals(of_seeds, every) == "95 % interval over training seeds"
    assert verdicts.intervals(of_both, fd) == "95 % interval over training seeds and test images"
    mixed = "95 % interval over training seeds, for FD on domain features also over test images"
    assert verdicts.intervals(of_both, every) == mixed
    assert mixed in str(terminal.comparison_table(of_both, WHOLE).caption)
    assert all("; test images not counted)" in pair.sentence for pair in of_seeds.pairs)
    assert not any("not counted" in pair.sentence for pair in of_both.pairs)
    one = comparison(counting(models[0]), *models[1:])  # in this case a test has no such error
    assert verdicts.intervals(one, fd) == "95 % interval over training seeds"


def test_nothing_is_said_of_more_numbers_where_there_are_none() -> None:
    made = comparison(entry("a", {"precision": 0.5}, [1.0]))
    assert terminal.comparison_table(made, WHOLE).caption is None


def test_ten_numbers_of_any_model_decide() -> None:
    of_any = {*PROMINENT} - {BINARISED}  # which models of binary pixels alone have
    assert 1 + len(of_any) == 10


def test_a_file_in_any_encoding_gets_the_whole_result(monkeypatch: pytest.MonkeyPatch) -> None:
    strange = "模型 α"  # cp1252 has none of it
    made = comparison(entry(strange, CODING, FDS["a"]), entry("b", CODING, FDS["b"]))
    monkeypatch.setattr(api, "compare", lambda *given, **options: made)
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", stream)
    cli.main(["compare", "a", "b"])
    stream.flush()
    text = written.getvalue().decode("cp1252")
    assert text.count("?? ?") >= 2  # above the table, and in sentences
    assert "FD on domain features" in text
    assert "\nreport: " in text
