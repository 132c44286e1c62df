"""Output without a reader is dropped, once and for all; a full disk is told where it matters."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, TextIO

import pytest

from conftest import CommandLine, Trained
from genmodels.console import Display
from genmodels.system.streams import LastingStream, lasting, lasting_output


class Failing(io.StringIO):
    """A stream whose writes fail with an error."""

    def __init__(self, number: int):
        super().__init__()
        self.number, self.calls = number, 0

    def write(self, text: str) -> int:
        self.calls += 1
        raise OSError(self.number, os.strerror(self.number))


@pytest.fixture
def unread() -> Iterator[TextIO]:
    """A pipe whose reader has gone. It is closed without an error only if it was given up."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as stream:
        yield stream


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO, errno.ENOSPC])
def test_it_goes_silent_after_the_first_error(number: int) -> None:
    below = Failing(number)
    stream = lasting(below)
    assert [stream.write("one"), stream.write("three")] == [3, 5]
    stream.flush()
    assert below.calls == 1


def test_an_error_that_is_told_is_raised_each_time() -> None:
    stream = LastingStream(Failing(errno.ENOSPC), told=[errno.ENOSPC])
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            stream.write("text")
    assert not stream.silent


def test_nothing_changes_while_somebody_reads() -> None:
    below = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    stream = lasting(below)
    assert lasting(stream) is stream
    assert lasting(None) is None
    assert (stream.encoding, stream.isatty()) == ("cp1252", False)
    print("é", file=stream, flush=True)
    assert below.buffer.getvalue() == b"\xe9\n"


def test_what_is_buffered_is_given_up(unread: TextIO) -> None:
    stream = lasting(unread)
    stream.write("text")  # stays in a buffer
    stream.flush()
    assert stream.silent


def test_a_display_goes_on_without_its_reader(
    unread: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", unread)
    display = Display()
    for line in ("one", "two"):
        display.say(line)
    display.advance("training", 1, 2)
    display.close()


def test_the_streams_of_a_block_are_restored() -> None:
    before = sys.stdout, sys.stderr
    with lasting_output():
        assert isinstance(sys.stdout, LastingStream)
        assert isinstance(sys.stderr, LastingStream)
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other pipes")
def test_a_process_ends_as_it_would_with_a_reader() -> None:
    program = (
        "import sys\nfrom genmodels.system.streams import lasting_output\n"
        "with lasting_output():\n    print('out'); print('err', file=sys.stderr)\n"
        "    sys.stdout.flush()\nsys.exit(3)"
    )
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as unread:
        given = [sys.executable, "-c", program]
        done = subprocess.run(given, stdout=unread, stderr=unread, check=False)
    assert done.returncode == 3


@pytest.mark.parametrize("words", [["models"], ["datasets"], ["runs"], ["config", "vae.yaml"],
                                   ["--help"], ["train", "--help"]], ids=" ".join)  # fmt: skip
def test_a_listing_without_a_reader_ends_quietly(
    words: list[str],
    unread: TextIO,
    workplace: Any,
    genmodels: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", unread)
    outcome = genmodels(*words)
    assert outcome.code == 0
    assert not [line for line in outcome.err.splitlines() if not line.startswith("next: ")]


def test_results_and_mistakes_keep_their_exit_codes(
    unread: TextIO,
    workplace: Any,
    trained: Trained,
    genmodels: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = trained(workplace / "run")
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, unread)
    assert genmodels("sample", run, "--out", "made.npz").code == 0
    assert (workplace / "made.npz").exists()
    assert genmodels("sample", run, "--count", "-1").code == 2
