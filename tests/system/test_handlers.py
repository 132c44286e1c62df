"""Which signals stop a block, which end the process, and what is left behind."""

import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from genmodels.errors import Interrupted
from genmodels.system.signals import stopped_by_signals, terminated_cleanly

if sys.platform == "win32":
    pytest.skip("signals are Unix's", allow_module_level=True)

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Begin with the handlers of a new process, and restore those of the tests."""
    before = {number: signal.getsignal(number) for number in HANDLED}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in HANDLED[1:]:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", HANDLED)
def test_each_stops_and_is_restored(number: Any) -> None:
    before = signal.getsignal(number)
    with stopped_by_signals() as stop:
        assert stop == []
        signal.raise_signal(number)
        assert stop == [number]
    assert signal.getsignal(number) == before


def test_an_ignored_hang_up_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    with terminated_cleanly(), stopped_by_signals() as stop:
        signal.raise_signal(signal.SIGHUP)
        assert stop == []
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_hang_ups_never_end_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    with stopped_by_signals() as stop:
        for number in (signal.SIGHUP, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(number)
        assert stop[0] == signal.SIGHUP
        ended: list[int] = []
        raise_signal = signal.raise_signal
        monkeypatch.setattr(signal, "raise_signal", ended.append)
        raise_signal(signal.SIGINT)
        assert ended == [signal.SIGINT]  # the second that was asked for
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL


@pytest.mark.parametrize("number", HANDLED[1:])
def test_other_work_is_cleaned_up_whatever_comes_meanwhile(number: Any) -> None:
    done = []

    @terminated_cleanly()
    def work() -> None:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(signal.SIGHUP)  # a closed terminal sends it again
            done.append("cleaned up")

    with pytest.raises(Interrupted) as stopped:
        work()
    assert done == ["cleaned up"]
    assert stopped.value.code == 128 + number
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
