"""Benchmarks run, and their contenders train the same thing."""

import argparse
import importlib
import json
import multiprocessing
from importlib import util
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import genmodels
import preloaded
from benchmarks import __main__ as program
from benchmarks import (
    company,
    compiling,
    mixtures,
    orders,
    replicas,
    solvers,
    start,
    studies,
    turns,
    work,
)
from genmodels.networks import Conv, layers, unet
from genmodels.networks.layers import Dropout
from genmodels.system import device

pytestmark = pytest.mark.slow


def test_the_command_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "b.json"
    words = ["--work", "vae-64", "--rounds", "2", "--seconds", "0.05", "--out", str(out)]
    program.main([*words, "--contender", "bare loop", turns.OURS])
    result = json.loads(out.read_text())
    found = result["work"]["vae-64"]
    assert len(found["limit_flops_per_second"]) == 2
    # 6 products a weight and image, but the first layer's input needs no gradient.
    weights = 784 * 400 + 400 * 40 + 20 * 400 + 400 * 784
    assert found["flops_per_image"] == 6 * weights - 2 * 784 * 400
    assert set(found["contenders"]) == {"bare loop", turns.OURS}
    for contender in found["contenders"].values():
        assert len(contender["images_per_second"]) == 2
        assert min(contender["images_per_second"]) > 0
        assert contender["peak_memory_mib"] > 50
        assert 0 < contender["share_of_limit"] < 2
    assert result["hardware"]["threads"] > 0
    assert "| vae-64 | genmodels |" in out.with_suffix(".md").read_text()
    assert "ours ÷ it" in capsys.readouterr().out


def test_unknown_work_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["--work", "vae-1"])
    assert "vae-64" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("contender", "name"),
    [
        (contender, name)
        for contender in turns.CONTENDERS
        for name in ("vae-64", "gan-100", "conv-vae-32", "conv-gan-32")
        # Every family is compiled in tests/training/test_execution.py.
        if "compiled" not in contender or name == "vae-64"
    ],
)
def test_every_contender_takes_whole_batches_or_says_why_not(contender: str, name: str) -> None:
    module, options = turns.CONTENDERS[contender]
    chosen = work.named(name, "glyphs")
    optional = {"pythae_trainer": "pythae", "jax_scan": "optax"}
    if contender.endswith("bf16"):
        takes_part = device.multiplies_bf16()
    elif module in optional:
        fits = "vae" in name if module == "pythae_trainer" else "conv" not in name
        takes_part = fits and util.find_spec(optional[module]) is not None
    else:
        takes_part = True
    start = importlib.import_module(f"benchmarks.{module}").start
    if not takes_part:
        with pytest.raises(work.Skipped):
            start(chosen, "cpu", **options)
        return
    loop = start(chosen, "cpu", **options)
    assert next(loop) % chosen.batch == 0
    loop.close()


def test_others_get_the_layers_they_would_write() -> None:
    chosen = work.named("gan-64", "glyphs")
    plain = chosen.plain_model()
    assert not any(isinstance(layer, Dropout) for layer in plain.modules())
    assert [m.p for m in plain.modules() if isinstance(m, nn.Dropout)] == [0.3] * 3


def test_ratios_compare_what_ran_side_by_side() -> None:
    assert turns.ratio([2, 4, 9], [1, 4, 3]) == (2, 1, 3)


def test_replicas_are_timed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["replicas", "--seeds", "2", "--batch", "4", "--rounds", "1"]
    monkeypatch.setattr("sys.argv", given)
    replicas.main()
    assert capsys.readouterr().out.startswith("2 seeds cost ")


def test_orders_in_memory_are_timed_and_the_first_one_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["orders", "--batch", "2", "--rounds", "1"])
    monkeypatch.setattr(orders, "SHAPES", [(1, 9, 9)])
    monkeypatch.setattr(orders, "NETWORKS", [Conv((4,))])
    kept = layers.ORDER
    orders.main()
    assert layers.ORDER == unet.ORDER == kept  # type: ignore[attr-defined]
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition("(")[0] for line in lines] == [
        "decoder of Conv",
        "encoder of Conv",
        "UNet",
    ]


@pytest.fixture
def quick_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes of contenders be copies of one that has loaded PyTorch."""
    context = preloaded.context()
    monkeypatch.setattr(multiprocessing, "get_context", lambda kind: context)


@pytest.mark.usefixtures("quick_starts")
def test_company_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "company.json"
    words = ["--rounds", "1", "--seconds", "0.1", "--threads", "1", "--spins", "default", "5"]
    company.main([*words, "--out", str(out)])
    ways = json.loads(out.read_text())["ways"]
    assert [way["spins"] for way in ways] == ["default", "5"]
    for way in ways:
        assert set(way["images_per_second"]) == set(company.COMPANY)
        assert all(rate > 0 for rates in way["images_per_second"].values() for rate in rates)
    assert "second" in capsys.readouterr().out
    assert "GOMP_SPINCOUNT" not in company.Waiting("default", 1).environment()
    own = company.Waiting("5", 1).environment()
    assert own == {"OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "5"}


def test_starts_are_timed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "start.json"
    monkeypatch.setattr(
        "sys.argv", ["start", "--data", "glyphs", "--rounds", "1", "--out", str(out)]
    )
    monkeypatch.setattr(start, "WARM_UP", 0)  # the trainings have read all files
    start.main()
    seconds = json.loads(out.read_text())["seconds"]
    assert seconds["python"][0] < seconds[start.TORCH][0] < seconds["genmodels sample RUN"][0]
    assert "of import torch" in capsys.readouterr().out


def test_solvers_are_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "solvers.json"
    genmodels.train(
        "flow.yaml", settings={"model": {"network": {"width": 4}}}, data="glyphs", steps=1,
        device="cpu", out=tmp_path / "run", quiet=True,
    )  # fmt: skip
    given = ["solvers", str(tmp_path / "run"), "--block", "2", "--rounds", "1", "--count", "20"]
    monkeypatch.setattr("sys.argv", [*given, "--out", str(out)])
    solvers.main()
    content = json.loads(out.read_text())
    assert content["encodings"].keys() == {str(steps) for steps in solvers.ENCODING}
    found = content["solvers"]
    assert {"heun, 10 steps, fp32", "adams, 4 steps, fp32"} <= set(found)
    assert all(its["images_per_second"][0] > 0 < its["fd"][0] for its in found.values())
    printed = capsys.readouterr().out
    assert "FD" in printed
    assert "encoded in 50 steps: deviation" in printed


def test_mixtures_are_timed_beside_scikit_learn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mixtures.json"
    given = ["--points", "300", "--size", "3", "--components", "4", "--rounds", "2"]
    monkeypatch.setattr("sys.argv", ["mixtures", *given, "--out", str(out)])
    mixtures.main()
    seconds = json.loads(out.read_text())["seconds"]
    assert {name: len(its) for name, its in seconds.items()} == {"genmodels": 2, "scikit-learn": 2}
    assert "times as fast" in capsys.readouterr().out


def test_studies_side_by_side_are_compared_with_those_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[int, int]] = []

    def study(jobs: int, seed: int, *_: object) -> studies.Round:
        asked.append((jobs, seed))
        images = {"vae": [1000, 3000], "gan": [100, 100]}
        rates = {"vae": [50.0, 150.0], "gan": [10.0, 10.0]}
        seconds = 40.0 if jobs == 1 else 25.0
        return {"jobs": jobs, "training_seconds": seconds, "images": images,
                "images_per_second": rates, "evaluation_seconds": seconds}  # fmt: skip

    monkeypatch.setattr(studies, "_study", study)
    out = tmp_path / "studies.json"
    studies.main(["--rounds", "2", "--jobs", "1", "2", "--out", str(out)])
    assert asked == [(1, 0), (2, 1), (2, 2), (1, 3)]  # in turns, with other samples each time
    rounds = json.loads(out.read_text())["rounds"]
    assert studies.whole(rounds["1"], "vae") == [100.0, 100.0]
    assert studies.whole(rounds["2"], "gan") == [8.0, 8.0]
    assert studies.running(rounds["2"], "vae") == [200.0, 200.0]
    table = capsys.readouterr().out
    assert "1.60" in table  # the whole command: 40 s, and 25 s side by side
    assert "64" in table


def test_a_study_is_timed_as_a_user_runs_it(tmp_path: Path) -> None:
    words = ["--configs", "vae.yaml", "--budget", "1s", "--count", "50", "--features", "random"]
    options = studies._options(words)
    found = studies._study(1, 0, options, tmp_path / "study")
    assert set(found["images"]) == {"vae"}
    assert found["images"]["vae"][0] > 0 < found["images_per_second"]["vae"][0]
    assert found["training_seconds"] > 1 < found["evaluation_seconds"]


def test_compiling_is_weighed_against_what_it_saves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def train(_: str, execution: str, __: Any) -> compiling.Start:
        compiled = execution == "compiled"
        return compiling.Start(50.0 if compiled else 40.0, 20.0 if compiled else 0.0, 12, [])

    monkeypatch.setattr(compiling, "in_own_process", train)
    out = tmp_path / "compiling.json"
    monkeypatch.setattr("sys.argv", ["compiling", "vae.yaml", "--out", str(out)])
    compiling.main()
    found = json.loads(out.read_text())["presets"]["vae.yaml"]
    assert list(found) == ["eager", "compiled", "compiled before"]
    assert "compiled 50.0, 0.80 of the time, after 20.0 s" in capsys.readouterr().out


def test_a_start_is_timed_beyond_its_late_steps() -> None:
    options = argparse.Namespace(seconds=2.0, threads=1, precision="fp32", data="glyphs")
    start = compiling.train("vae.yaml", "eager", options)
    assert start.rate > 0
    assert abs(start.lost) < 2
    assert start.tensors == 12
    assert "eager steps: asked for" in start.notes
