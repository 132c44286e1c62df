"""Studies whose trainings and evaluations run side by side, in real processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors

import genmodels as package
import preloaded
from conftest import CommandLine, Trained
from genmodels import runs
from genmodels.comparison import schedule, study
from genmodels.system import distributed, tuning

SMALL = """
model: {{class: {kind}, latent_dim: 8, network: {{class: MLP, hidden: [16]}}}}
data: {{name: glyphs}}
train: {{batch_size: 500, epochs: 1}}
"""
QUICK = ("--count", "300", "--features", "random")
STUDY = ("compare", "one.yaml", "two.yaml", *QUICK, "--jobs", "2", "--out", "study")
pytestmark = pytest.mark.usefixtures("known_features")
unix = pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")


@pytest.fixture
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers start quickly."""
    preloaded.use_in_studies(monkeypatch)


@pytest.fixture
def pair(workplace: Path) -> None:
    for name, kind in (("one", "VAE"), ("two", "GAN")):
        Path(f"{name}.yaml").write_text(SMALL.format(kind=kind))


def report(folder: str) -> Any:
    return json.loads(Path(folder, "report.json").read_text())


def tensors(run: Path) -> dict[str, Any]:
    with safetensors.safe_open(max((run / "checkpoints").iterdir()), framework="np") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def environment(run: str) -> Any:
    return json.loads(Path(run, "environment.json").read_text())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("0", "--jobs 0: give auto or an integer, 1 or more"),
        ("-1", "--jobs -1: give auto or an integer, 1 or more"),
        ("many", "--jobs many: give auto or an integer, 1 or more"),
        ("1.5", "--jobs 1.5: give auto or an integer, 1 or more"),
    ],
)
def test_bad_numbers_are_refused(
    given: str, said: str, genmodels: CommandLine, workplace: Path
) -> None:
    outcome = genmodels("compare", "vae.yaml", "--jobs", given)
    assert (outcome.code, outcome.err) == (2, f"genmodels: {said}\n")
    assert not Path("comparison").exists()


@pytest.mark.parametrize("given", [0, True, 1.5, None, "2"])
def test_bad_numbers_are_refused_in_python(given: Any, workplace: Path) -> None:
    with pytest.raises(package.InputError, match=r"^`jobs=.*`: give auto or an integer, 1 or more"):
        package.compare("vae.yaml", jobs=given)


@pytest.mark.parametrize("given", ["2", "auto"])
def test_torchrun_is_refused(
    given: str, genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    assert not distributed.launched().is_single
    outcome = genmodels("compare", "vae.yaml", "--jobs", given)
    assert outcome.code == 2
    assert "the processes of torchrun train each model together; leave out --jobs" in outcome.err


@pytest.mark.slow
def test_one_training_or_one_core_needs_no_other_process(
    genmodels: CommandLine, pair: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = genmodels("compare", "one.yaml", *QUICK, "--jobs", "2", "--out", "study")
    assert "1 at a time, 1 thread each: of 1 run\n" in outcome.err
    assert environment("study/runs/one-seed-0")["jobs"] == 1
    monkeypatch.setattr(study, "physical_cores", lambda: 1)
    outcome = genmodels(*STUDY[:-3], "auto", "--out", "study")
    assert "1 at a time, 1 thread each: for 1 core\n" in outcome.err
    assert not any("process" in line for line in outcome.err.splitlines())


@pytest.mark.slow
def test_the_numbers_are_those_of_one_after_the_other(genmodels: CommandLine, pair: None) -> None:
    words = ["compare", "one.yaml", "two.yaml", "--seeds", "2", *QUICK]
    assert genmodels(*words, "--out", "turns").code == 0
    outcome = genmodels(*words, "--out", "study", "--jobs", "2")
    assert outcome.code == 0, outcome.err
    started = re.findall(r"(\w+, seed \d): training (\d) of 4", outcome.err)
    names = ["one, seed 0", "two, seed 0", "one, seed 1", "two, seed 1"]
    assert started == [(name, str(number)) for number, name in enumerate(names, 1)]
    for name in ("one-seed-0", "one-seed-1", "two-seed-0", "two-seed-1"):
        alone, beside = (tensors(Path(study, "runs", name)) for study in ("turns", "study"))
        assert alone.keys() == beside.keys()
        for key, tensor in alone.items():
            np.testing.assert_array_equal(tensor, beside[key], err_msg=key)
        found = environment(f"study/runs/{name}")
        assert (found["jobs"], found["threads"]) == (2, 1)
    one, other = report("turns"), report("study")
    said = other["measured"]["conditions"]
    assert said == "Trainings ran 2 at a time (CPU threads of each: 1), evaluations 2 at a time."
    assert said in Path("study/report.md").read_text()
    assert said in Path("study/report.html").read_text()
    assert other["measured"]["jobs"] == 2
    assert one["measured"]["jobs"] == 1
    for content in (one, other):  # what speaks of seconds
        for key in ("measured", "verdicts", "fairness"):
            content.pop(key)
        for model in content["models"]:
            model.pop("arrivals")
            for run in model["runs"]:
                run.pop("jobs")
                for point in run["curve"]:
                    point.pop("seconds")
    assert one == other


@pytest.mark.slow
@pytest.mark.usefixtures("warm")
def test_runs_alone_are_evaluated_side_by_side(
    genmodels: CommandLine, workplace: Path, trained: Trained
) -> None:
    for name in ("vae", "gan"):
        trained(workplace / "runs" / f"{name}-1", f"{name}.yaml")
    words = ["compare", "runs/vae-1", "runs/gan-1", *QUICK]
    pages = []
    for jobs in ("1", "2"):
        assert genmodels(*words, "--jobs", jobs, "--out", jobs).code == 0
        content = report(jobs)
        assert content.pop("measured")["jobs"] == int(jobs)
        pages.append(content)
    assert pages[0] == pages[1]
    samples = [Path(jobs, "figures", "samples-1-last.png").read_bytes() for jobs in ("1", "2")]
    assert samples[0] == samples[1]


@pytest.mark.slow
@pytest.mark.usefixtures("warm")
def test_the_limit_of_a_match_comes_first(genmodels: CommandLine, pair: None) -> None:
    """The seeds of the first configuration keep their limit; the others wait for it."""
    outcome = genmodels(*STUDY, "--seeds", "2", "--match", "images")
    assert outcome.code == 0, outcome.err
    lines = outcome.err.splitlines()
    done = [
        lines.index(next(x for x in lines if x.startswith(f"one, seed {n}: done"))) for n in (0, 1)
    ]
    assert lines.index("one is trained first: its images limit the others") < min(done)
    assert max(done) < lines.index("two, seed 0: training 1 of 2")
    counts = {model["numbers"]["training_images"]["mean"] for model in report("study")["models"]}
    assert counts == {21 * 500}
    for run in ("one-seed-0", "one-seed-1", "two-seed-0", "two-seed-1"):
        assert environment(f"study/runs/{run}")["jobs"] == 2
    assert not any("at a time" in line for line in report("study")["fairness"])
    outcome = genmodels(*STUDY[:-1], "other", "--match", "images")
    assert outcome.code == 0, outcome.err
    assert environment("other/runs/one-seed-0")["jobs"] == 1, "it is trained alone"


@pytest.mark.slow
@pytest.mark.usefixtures("warm")
def test_shares_are_trained_side_by_side(genmodels: CommandLine, pair: None) -> None:
    for shard, made in (("1/2", 2), ("2/2", 4)):
        outcome = genmodels(*STUDY, "--seeds", "2", "--shard", shard)
        assert outcome.code == 0
        assert len(list(Path("study/runs").iterdir())) == made
    assert not Path("study/report.json").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("warm")
def test_what_breaks_is_named_and_a_second_start_does_the_rest(
    genmodels: CommandLine, pair: None
) -> None:
    """The folder of a run cannot be made: a mistake of the user's, in one training of four."""
    blocked = Path("study/runs/two-seed-0")
    blocked.parent.mkdir(parents=True)
    blocked.write_text("no folder")
    outcome = genmodels(*STUDY, "--seeds", "2")
    assert outcome.code == 2
    last = outcome.err.splitlines()[-1]
    assert last.startswith("genmodels: 1 of 4 failed (two, seed 0: ")
    assert last.endswith("the same command goes on with what is missing")
    assert not Path("study/report.json").exists()
    kept = {p: p.stat().st_mtime_ns for p in Path("study/runs").rglob("*.safetensors")}
    assert len({path.parents[1].name for path in kept}) == 3
    blocked.unlink()
    assert genmodels(*STUDY, "--seeds", "2").code == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert [len(model["seeds"]) for model in report("study")["models"]] == [2, 2]


MINE = """
from genmodels.models import VAE

class Mine(VAE):
    def phases(self):
        return super().phases()[{index}:]
"""


@pytest.mark.slow
@pytest.mark.usefixtures("warm")
def test_a_class_of_ones_own_and_its_mistake(genmodels: CommandLine, pair: None) -> None:
    Path("two.yaml").write_text(SMALL.format(kind="mine.Mine"))
    words = [*STUDY, "--steps", "2"]
    Path("mine.py").write_text(MINE.format(index="0 / 0"))
    outcome = genmodels(*words)
    assert outcome.code == 1
    assert outcome.err.count("Traceback") == 1
    said = "1 of 2 failed (two, seed 0: ZeroDivisionError: division by zero)"
    assert said in outcome.err.splitlines()[-1]
    Path("mine.py").write_text(MINE.format(index="0"))
    assert genmodels(*words).code == 0


@pytest.fixture
def long_study(pair: None) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A study that trains for minutes, once both trainings are under way; and its words.

    Its limit is not among the words.
    """
    # A long training is compiled, and then differs by rounding from a short one.
    words = [*STUDY, "--set", "train.save_every=1000", "--set", "train.execution=eager"]
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from genmodels.cli import main; main(sys.argv[1:])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, *words, "--epochs", "4000"],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        logs = [Path(f"study/runs/{name}-seed-0/log.jsonl") for name in ("one", "two")]
        wait(lambda: all(log.exists() for log in logs) or process.poll() is not None)
        assert process.poll() is None, process.communicate()
        yield process, words
        process.kill()


def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def workers(process: subprocess.Popen[str]) -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(child) for child in children]


def saved(name: str) -> int:
    return runs.Folder(Path(f"study/runs/{name}-seed-0")).saved_step or 0


@unix
@pytest.mark.slow
@pytest.mark.usefixtures("warm")
def test_ctrl_c_saves_all(long_study: Any, genmodels: CommandLine) -> None:
    process, words = long_study
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1] == (
        "genmodels: stopped, and trainings were saved; the same command goes on with what is "
        "missing"
    )
    for name in ("one", "two"):
        step = int(re.findall(rf"{name}, seed 0: stopped at step ([\d,]+) and saved", err)[0])
        assert saved(name) == step > 0
    assert not Path("study/report.json").exists()
    end = max(saved("one"), saved("two")) + 10
    more = [*words, "--steps", str(end)]
    assert genmodels(*more).code == 0
    assert (saved("one"), saved("two")) == (end, end)
    eager = ("--set", "train.execution=eager")
    alone = ["compare", "one.yaml", *QUICK, *eager, "--steps", str(end), "--out", "alone"]
    assert genmodels(*alone).code == 0
    wanted, found = tensors(Path("alone/runs/one-seed-0")), tensors(Path("study/runs/one-seed-0"))
    for key, tensor in wanted.items():
        np.testing.assert_array_equal(tensor, found[key], err_msg=key)


@unix
@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_without_their_parent_workers_save_and_end(long_study: Any, number: Any) -> None:
    process, _ = long_study
    children = workers(process)
    assert len(children) == 2
    process.send_signal(number)
    assert process.wait(60) == (128 + number if number == signal.SIGHUP else -number)
    wait(lambda: saved("one") > 0 and saved("two") > 0, 20)
    wait(lambda: not any(alive(child) for child in children), 20)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except OSError:
        return False


@unix
@pytest.mark.slow
@pytest.mark.usefixtures("warm")
def test_a_worker_that_is_killed_is_named_and_the_other_goes_on(
    long_study: Any, genmodels: CommandLine
) -> None:
    process, words = long_study
    assert process.stderr
    os.kill(workers(process)[0], signal.SIGKILL)
    line = next(line for line in process.stderr if "SIGKILL" in line)
    assert line.endswith("seed 0: killed by SIGKILL, perhaps for lack of memory\n")
    dead = line.partition(",")[0]
    other = {"one": "two", "two": "one"}[dead]
    rows = len(Path(f"study/runs/{other}-seed-0/log.jsonl").read_text().splitlines())
    log = Path(f"study/runs/{other}-seed-0/log.jsonl")
    wait(lambda: len(log.read_text().splitlines()) > rows + 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert saved(other) > 0
    assert genmodels(*words, "--steps", str(saved(other))).code == 0


def test_the_layout_is_said_before_anything_is_trained(
    genmodels: CommandLine, pair: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def chosen(*given: Any) -> Any:
        made.append(given)
        raise package.InputError("enough")

    monkeypatch.setattr(schedule, "layout", chosen)
    genmodels(*STUDY, "--seeds", "3", "--threads", "1")
    ((wanted, tasks, machine, table, threads),) = made
    assert (wanted, tasks, threads) == (2, 6, 1)
    assert machine.kind == "cpu"
    assert table == 14_000 * 28 * 28


@pytest.mark.slow
def test_runs_that_differ_by_their_threads_are_one_model(
    genmodels: CommandLine, pair: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "cores", lambda: 2)
    for seed, threads in ((0, 1), (1, 2)):
        given = ["--config", "one.yaml", "--steps", "2", "--seed", seed, "--threads", threads]
        assert genmodels("train", *given, "--out", f"run-{seed}").code == 0
    assert genmodels("compare", "run-0", "run-1", *QUICK, "--out", "study").code == 0
    (model,) = report("study")["models"]
    assert model["seeds"] == [0, 1]
    given = ["--config", "one.yaml", "--steps", "2", "--threads", "2", "--out", "again"]
    assert genmodels("train", *given).code == 0
    outcome = genmodels("compare", "run-0", "again", *QUICK)
    assert outcome.code == 2
    assert "with the same settings and seed 0, which count once" in outcome.err
