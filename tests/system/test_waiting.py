"""Threads wait briefly for each other, if PyTorch can still be told."""

import os
import subprocess
import sys

import pytest

from genmodels.system import waiting

SHORT = waiting.variables()
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
    assert run(code) == [*SHORT.values(), "-"]


@pytest.mark.parametrize(
    "own", [{"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}, {"KMP_BLOCKTIME": "0"}]
)
def test_what_the_user_has_set_stays(own: dict[str, str]) -> None:
    assert run(f"import genmodels\n{SHOW}", **own) == [own.get(name, "-") for name in NAMES]
    said = " ".join(run(SAY, **own))
    assert said == "threads wait for each other: " + "".join(f"{k}={v}" for k, v in own.items())


def test_processes_that_are_started_wait_briefly_too() -> None:
    code = f"import genmodels, subprocess, sys; subprocess.run([sys.executable, '-c', {SHOW!r}])"
    assert run(code) == [*SHORT.values(), "-"]


@pytest.mark.slow
def test_too_late_says_what_to_do() -> None:
    said = " ".join(run(f"import torch\n{SAY}"))
    setting = f"GOMP_SPINCOUNT={SHORT['GOMP_SPINCOUNT']}"
    assert said.endswith(f"import genmodels first, or set {setting} before Python starts")
    assert run(f"import torch, genmodels\n{SHOW}") == ["-", "-", "-"]


@pytest.mark.parametrize(
    ("make", "turns"), [("GenuineIntel", "2000"), ("AuthenticAMD", "1000"), ("", "1000")]
)
def test_turns_are_those_measured_for_the_make_of_processor(
    monkeypatch: pytest.MonkeyPatch, make: str, turns: str
) -> None:
    monkeypatch.setattr(waiting, "_vendor", lambda: make)
    assert waiting.variables.__wrapped__()["GOMP_SPINCOUNT"] == turns


def test_a_system_without_cpuinfo_has_no_vendor_of_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", missing)
    assert waiting._vendor() == ""
