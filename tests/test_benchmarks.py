"""Benchmarks run, and their contenders train the same thing."""

import json

import pytest

from benchmarks import __main__ as program
from benchmarks import bare, measure, shared_trainer, tutorial, work
from genmodels import data


def test_the_command_writes_what_it_measured(tmp_path, capsys):
    out = tmp_path / "b.json"
    program.main(["--work", "vae-64", "--rounds", "2", "--seconds", "0.05", "--out", str(out)])
    result = json.loads(out.read_text())
    rates = result["images_per_second"]["vae-64"]
    assert len(rates) == 5
    assert all(len(values) == 2 and min(values) > 0 for values in rates.values())
    assert result["hardware"]["threads"] > 0
    assert "genmodels ÷ it" in capsys.readouterr().out


def test_unknown_work_is_named():
    with pytest.raises(SystemExit, match="vae-64"):
        program.main(["--work", "vae-1"])


@pytest.mark.parametrize("number", range(4))
def test_every_contender_takes_whole_batches(number):
    chosen = work.all_of(data.load("glyphs"))[number]
    for contender in (tutorial.contender(0), bare.contender("highest"), shared_trainer.contender()):
        loop = contender.loops[chosen.family](chosen)
        assert next(loop) % chosen.batch == 0
        loop.close()


def test_ratios_compare_what_ran_side_by_side():
    assert measure.ratio([2, 4, 9], [1, 4, 3]) == (2, 1, 3)
