"""Threads wait shortly for each other, if PyTorch can still be told."""

import os
import subprocess
import sys

import pytest

SHORT = {"GOMP_SPINCOUNT": "1000", "KMP_BLOCKTIME": "1"}
NAMES = (*SHORT, "OMP_WAIT_POLICY")
SHOW = f"import os; print(*[os.environ.get(name, '-') for name in {NAMES}])"
SAY = "from genmodels.system import waiting; print(waiting.described())"


def run(code: str, **environment: str) -> list[str]:
    """Return the words that a program prints whose environment has only these settings."""
    kept = {name: value for name, value in os.environ.items() if name not in NAMES}
    return subprocess.check_output(
        [sys.executable, "-c", code], env=kept | environment, text=True
    ).split()


@pytest.mark.parametrize("first", ["genmodels", "genmodels.cli", "genmodels.system.device"])
def test_waits_are_short_before_torch_is_loaded(first: str) -> None:
    code = f"import sys, {first}\n{SHOW}"
    assert run(code) == ["1000", "1", "-"]


@pytest.mark.parametrize(
    "own", [{"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}, {"KMP_BLOCKTIME": "0"}]
)
def test_what_the_user_has_set_stays(own: dict[str, str]) -> None:
    assert run(f"import genmodels\n{SHOW}", **own) == [own.get(name, "-") for name in NAMES]
    said = " ".join(run(SAY, **own))
    assert said == "threads wait for each other: " + "".join(f"{k}={v}" for k, v in own.items())


def test_processes_that_are_started_wait_shortly_too() -> None:
    code = f"import genmodels, subprocess, sys; subprocess.run([sys.executable, '-c', {SHOW!r}])"
    assert run(code) == ["1000", "1", "-"]


@pytest.mark.slow
def test_too_late_says_what_to_do() -> None:
    said = " ".join(run(f"import torch\n{SAY}"))
    assert said.endswith("import genmodels first, or set GOMP_SPINCOUNT=1000 before Python starts")
    assert run(f"import torch, genmodels\n{SHOW}") == ["-", "-", "-"]
