"""Processes that are copies of one which has loaded PyTorch; a fresh Python takes seconds for it.

A worker of a study has the standard input and output, the environment and the folder that a fresh
process would have. On systems that cannot copy a process, fresh ones are started.
"""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any

from genmodels.comparison import workers

if TYPE_CHECKING:
    import pytest

# What the copied process has loaded: installed modules, since it does not get pytest's path.
MODULES = ["genmodels.comparison.worker", "genmodels.training.curves", "genmodels.api"]
POSSIBLE = sys.platform == "linux"


def context() -> BaseContext:
    """Return a context of multiprocessing whose processes are such copies."""
    if not POSSIBLE:
        return multiprocessing.get_context("spawn")
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload(MODULES)
    return server


def use_in_studies(monkeypatch: "pytest.MonkeyPatch") -> None:
    """Let the workers of studies be such copies."""
    if POSSIBLE:
        given = SimpleNamespace(Popen=Popen, PIPE=subprocess.PIPE)
        monkeypatch.setattr(workers, "subprocess", given)


class Popen:
    """What :mod:`genmodels.comparison.workers` uses of ``subprocess.Popen``."""

    def __init__(
        self,
        command: Sequence[str],
        stdin: int,
        stdout: int,
        stderr: IO[bytes],
        env: Mapping[str, str],
        **apart: Any,
    ):
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        ends = [Connection(theirs_in), Connection(theirs_out), Connection(os.dup(stderr.fileno()))]
        given = (ends, command[-1], dict(env), os.getcwd())
        self.process = context().Process(target=_run, args=given)  # type: ignore[attr-defined]
        self.process.start()
        for end in ends:
            end.close()
        self.stdin, self.stdout = os.fdopen(ours_in, "wb"), os.fdopen(ours_out, "rb")

    def wait(self) -> int | None:
        """Return the exit code."""
        self.process.join()
        return self.process.exitcode


def _run(ends: Sequence[Connection], given: str, environment: Mapping[str, str], at: str) -> None:
    """Do what ``workers.PROGRAM`` does."""
    import torch

    from genmodels.comparison import worker

    os.setsid()
    os.chdir(at)
    os.environ.clear()
    os.environ.update(environment)
    torch.set_num_threads(int(environment["OMP_NUM_THREADS"]))
    for number, end in enumerate(ends):
        os.dup2(end.fileno(), number)
    sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.path, sys.argv = json.loads(given)
    worker.main()
    os._exit(0)
