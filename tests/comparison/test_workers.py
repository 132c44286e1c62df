"""Worker processes and what the terminal shows of them, with tasks that need no PyTorch."""

import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from genmodels import console
from genmodels.comparison import workers
from genmodels.comparison.schedule import Layout
from genmodels.comparison.task_display import TaskDisplay
from genmodels.comparison.workers import Task, WorkerPool
from genmodels.console import Display
from genmodels.errors import InputError, Interrupted, Note, Unfinished

# A worker with tasks of its own, from which alone its time is taken: no PyTorch is loaded.
PROGRAM = """
import json, os, signal, sys, time
for line in sys.stdin:
    task = json.loads(line)
    kind, given = task["kind"], task["given"]["it"]
    if kind == "die":
        os.kill(os.getpid(), given)
    if kind == "exit":
        print("no more", file=sys.stderr)
        sys.exit(given)
    answers = {
        "echo": {"result": [given, os.environ["OMP_NUM_THREADS"], os.getpid()]},
        "fail": {"failed": given, "by_user": True},
        "break": {"failed": given, "by_user": False, "trace": "Traceback: here"},
        "wait": {"share": 0.5, "left": 3.0},
    }
    print(json.dumps({"say": "hello"}), flush=True)
    print(json.dumps({"note": "a note"}), flush=True)
    print(json.dumps({"share": 0.5, "rate": 1234.0, "left": 3.0}), flush=True)
    print(json.dumps(answers[kind]), flush=True)
    print(json.dumps({"doing": "unfinished"})[:5], end="", flush=True) if kind == "wait" else None
"""
pytestmark = pytest.mark.filterwarnings("ignore:a note")


class Lines(Display):
    """A display that keeps its lines."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


PREPARE = workers.PROGRAM.partition("from genmodels")[0]


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PROGRAM", PROGRAM)


def run(tasks: list[Task], jobs: int = 2, display: Display | None = None) -> list[Any]:
    with WorkerPool(Layout(jobs, 3, "")) as pool:
        shown = TaskDisplay(display or Lines(), "training", len(tasks), jobs)
        return pool.run(tasks, shown, "stopped at the half")


def task(name: str, kind: str, given: Any) -> Task:
    return Task(name, kind, {"it": given})


def echo(name: str, given: Any = 0) -> Task:
    return task(name, "echo", given)


def test_results_come_in_the_order_of_tasks_from_as_many_processes_as_asked_for() -> None:
    found = run([echo(str(number), number) for number in range(7)], 3)
    assert [given for given, _, _ in found] == list(range(7))
    assert {threads for _, threads, _ in found} == {"3"}
    pids = {pid for _, _, pid in found}
    assert 1 <= len(pids) <= 3
    assert os.getpid() not in pids


def test_workers_stay_for_further_tasks_and_end_with_the_pool() -> None:
    with WorkerPool(Layout(1, 1, "")) as pool:
        first, second = (
            pool.run([echo("a")], TaskDisplay(Lines(), "t", 1, 1), "") for _ in range(2)
        )
    assert first == second
    with pytest.raises(ProcessLookupError):
        os.kill(first[0][2], 0)


def test_a_worker_that_dies_is_named_and_the_rest_goes_on() -> None:
    display = Lines()
    tasks = [echo("a"), task("b", "die", signal.SIGKILL), echo("c"), task("d", "exit", 3)]
    with pytest.raises(Unfinished) as raised:
        run([*tasks, echo("e")], 1, display)
    assert str(raised.value) == (
        "2 of 5 failed (b: killed by SIGKILL, perhaps for lack of memory; d: its process ended "
        "with code 3: no more); the others are done: the same command goes on with what is missing"
    )
    done = [line for line in display.lines if "done in" in line]
    assert done == [f"{name}: done in 0s" for name in "ace"]


def test_mistakes_of_the_user_are_told_from_other_failures() -> None:
    tasks = [task(name, "fail", f"no {name}") for name in "abcde"]
    with pytest.raises(InputError, match=r"5 of 6 failed \(a: no a; .*; c: no c; and 2 more\)"):
        run([*tasks, echo("f")])
    display = Lines()
    with pytest.raises(Unfinished, match="x: odd"):
        run([tasks[0], task("x", "break", "odd")], 1, display)
    assert display.lines[-2:] == ["Traceback: here", "x: odd"]
    assert not any("100 %" in line for line in display.lines), "nothing is done"


def test_a_line_that_all_say_is_shown_once_and_notes_are_notes() -> None:
    display = Lines()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        run([echo("a"), echo("b")], 1, display)
    assert display.lines.count("a: hello") == 1
    assert "b: hello" not in display.lines
    assert {(w.category, str(w.message)) for w in caught} == {(Note, "a note")}


@pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
def test_a_signal_lets_workers_end_and_says_how_to_go_on() -> None:
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    began = time.monotonic()
    with pytest.raises(Interrupted, match=r"^stopped at the half; the same command") as raised:
        run([task(name, "wait", 0) for name in "abc"])
    assert raised.value.code == 143
    assert 0.9 < time.monotonic() - began < 10


def test_a_task_that_cannot_start_ends_the_study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "PROGRAM", "import nothing_of_this_name")
    with pytest.raises(Unfinished, match=r"2 of 2 failed .*No module named") as raised:
        run([echo("a"), echo("b")])
    assert "the others" not in str(raised.value)
    assert str(raised.value).endswith("): the same command goes on with what is missing")


def test_each_line_of_a_trace_and_of_a_warning_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from genmodels.comparison import worker  # here, because it loads PyTorch

    shown = TaskDisplay(Display(), "training", 1, 1)
    shown.started("a")
    warn = worker._forward(lambda message: shown.show("a", message))
    warn(UserWarning("one\ntwo"), UserWarning, "x.py", 3, None, "call()")
    shown.failed("a", "it broke", "Traceback:\n  File x\n")
    lines = [line for line in capsys.readouterr().err.splitlines() if "%" not in line]
    assert lines == [
        "a: training 1 of 1", "a: x.py:3: UserWarning: one", "a: two",
        "Traceback:", "  File x", "a: it broke",
    ]  # fmt: skip


def task_display(jobs: int = 2, total: int = 4) -> tuple[TaskDisplay, Lines]:
    display = Lines()
    return TaskDisplay(display, "training", total, jobs), display


def notes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    told: list[tuple[float, str]] = []
    monkeypatch.setattr(
        Display, "advance", lambda self, what, done, total, note: told.append((done, note))
    )
    return told


def test_the_time_left_is_that_of_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    told = notes(monkeypatch)
    shown, _ = task_display()
    shown.started("a")
    shown.started("b")
    clock[0] += 10
    shown.show("a", {"share": 0.5, "left": 10.0})
    assert told[-1] == (0.5, "0 of 4 done, 30s left"), "all take 20 s, as a; two began 10 s ago"
    shown.show("b", {"share": 0.1, "left": 90.0})
    # a ends after 10 s; c and d take 60 s, the mean of a and b, and begin after 10 and 70 s.
    assert told[-1] == (0.6, "0 of 4 done, 2m10s left")
    clock[0] += 10
    shown.ended("a")
    shown.started("c")
    shown.failed("b", "it died", "")
    assert told[-1][1] == "1 of 4 done, 20s left", "c and d take 20 s, as a; b is no measure"


def test_an_evaluation_that_reports_no_time_is_extrapolated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    told = notes(monkeypatch)
    shown, _ = task_display(1, 1)
    shown.started("a")
    clock[0] = 5.0
    shown.show("a", {"share": 0.0})
    assert told[-1][1] == "0 of 1 done"
    clock[0] = 15.0
    shown.show("a", {"share": 0.25})
    assert told[-1][1] == "0 of 1 done, 30s left", "a quarter took 10 s after the start"


def test_all_is_done_only_when_no_task_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "LINE_SECONDS", 0.0)
    shown = TaskDisplay(Display(), "training", 2, 2)
    shown.started("a")
    shown.started("b")
    shown.show("a", {"share": 1.0, "left": 0.0})
    shown.ended("a")
    shown.show("b", {"share": 1.0, "left": 0.0})
    shown.ended("b")
    lines = [line for line in capsys.readouterr().err.splitlines() if "%" in line]
    assert lines == [
        "training  49 %  0 of 2 done, finishing",
        "training  50 %  1 of 2 done, finishing",
        "training  99 %  1 of 2 done, finishing",
        "training 100 %  2 of 2 done",
    ]


def test_quiet_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    run([echo("a"), echo("b")], 2, Display(quiet=True))
    assert capfd.readouterr() == ("", "")


def test_without_a_terminal_there_are_lines(capfd: pytest.CaptureFixture[str]) -> None:
    run([echo("a"), echo("b")], 1, Display())
    out, err = capfd.readouterr()
    assert out == ""
    assert [line for line in err.splitlines() if "%" not in line] == [
        "a: training 1 of 2",
        "a: hello",
        "a: done in 0s",
        "b: training 2 of 2",
        "b: done in 0s",
    ]
    assert err.splitlines()[-1] == "training 100 %  2 of 2 done"


def test_modules_and_the_command_are_those_of_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = "import sys; print(json.dumps({'result': [of_mine.it, *sys.argv]}), flush=True)\n"
    (tmp_path / "of_mine.py").write_text("it = 5\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "argv", ["genmodels", "compare"])
    monkeypatch.setattr(workers, "PROGRAM", f"{PREPARE}import of_mine\n{program}input()")
    assert run([echo("a", 5)]) == [[5, "genmodels", "compare"]]
