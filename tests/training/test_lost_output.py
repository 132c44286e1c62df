"""Real trainings whose terminal closes, or whose output nobody reads any more."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from conftest import TINY
from genmodels import runs

if sys.platform == "win32":
    pytest.skip("Windows has other terminals", allow_module_level=True)
import pty

pytestmark = pytest.mark.slow
# As a new session has it, also where the tests run under nohup.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGHUP, signal.{action})
from genmodels.cli import main
main(sys.argv[1:])
"""
# A process that leads a session and has the terminal of its standard input.
IN_A_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
"""
STEPS = 100


def words(*limit: str) -> tuple[str, ...]:
    eager = ("--set", "train.execution=eager")  # compiling takes seconds
    return ("train", "--config", "vae.yaml", *TINY, *eager, *limit, "--out", "mine")


def start(program: str, given: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program, *given], **streams)


def under_way(process: subprocess.Popen[bytes]) -> None:
    """Wait for the first record of an epoch."""
    end = time.monotonic() + 60
    while not Path("mine/log.jsonl").exists():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)


def saved_step() -> int:
    return runs.Folder(Path("mine")).saved_step or 0


@pytest.mark.parametrize(
    ("action", "limit", "code"),
    [("SIG_DFL", ("--budget", "5m"), 129), ("SIG_IGN", ("--steps", str(STEPS)), 0)],
    ids=["hang-up", "nohup"],
)
def test_a_terminal_that_closes(
    action: str, limit: tuple[str, str], code: int, workplace: Path
) -> None:
    ours, theirs = pty.openpty()
    program = IN_A_TERMINAL + PROGRAM.format(action=action)
    streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), theirs)
    process = start(program, words(*limit), start_new_session=True, **streams)
    os.close(theirs)
    try:
        while not Path("mine/log.jsonl").exists():  # a terminal takes little that nobody reads
            assert os.read(ours, 65536)
        before = saved_step()
        os.close(ours)
        assert process.wait(60) == code
    finally:
        process.kill()
        process.wait()
    assert saved_step() > before
    assert code or saved_step() == STEPS


def test_a_hang_up_is_said_as_sigterm_is(workplace: Path) -> None:
    program = PROGRAM.format(action="SIG_DFL")
    with start(program, words("--budget", "5m"), stderr=subprocess.PIPE) as process:
        under_way(process)
        for _ in range(3):  # the kernel and the shell send it
            process.send_signal(signal.SIGHUP)
            time.sleep(0.002)
        err = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 129
    step = saved_step()
    assert step > 0
    last = f"stopped at step {step:,} and saved; go on with: genmodels train --out mine --resume"
    assert err.splitlines()[-1] == f"genmodels: {last}"


def test_a_reader_that_goes(workplace: Path) -> None:
    program = PROGRAM.format(action="SIG_DFL")
    both: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with start(program, words("--steps", str(STEPS)), **both) as process:
        assert process.stdout
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 0
    assert saved_step() == STEPS
