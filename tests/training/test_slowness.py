"""A training that has become much slower says so, and one that has not says nothing."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import TINY, CommandLine
from genmodels.training import recorder, trainer
from genmodels.training.slowness import Pace

FAST, SLOW = [(0.5, 500)] * 20, [(0.5, 80)] * 20  # 1,000 and 160 images a second, for ten seconds


def said(parts: Iterable[tuple[float, int]], threads: int | None = 2) -> list[str]:
    """Return what is said during parts of (seconds, images), the first of which begins at 0."""
    pace, images, seconds, found = Pace(threads), 0, 0.0, [""]
    pace.check(images, seconds)
    for length, more in parts:
        images, seconds = images + more, seconds + length
        found.append(pace.check(images, seconds))
    return [sentence for sentence in found if sentence]


@pytest.mark.parametrize(
    ("threads", "advice"),
    [
        (4, "using the processor; wait for it, or stop and resume with `threads=2`"),
        (1, "using the processor; wait for it"),
        (None, "using the device; wait for it, or choose another"),
    ],
)
def test_a_slow_stretch_is_named_once(threads: int | None, advice: str) -> None:
    (sentence,) = said([*FAST, *SLOW, *SLOW, *FAST, *SLOW], threads)
    assert sentence.startswith("training has slowed down from 1,000 to 160 images/s: another ")
    assert sentence.endswith(advice)


QUIET = {
    "an even rate": FAST,
    "a slow start": [(20.0, 100), *SLOW, *FAST],
    "a quarter of the best rate": [*FAST, *[(0.5, 125)] * 40],
    "a few seconds": [*FAST, *SLOW[:6], *FAST],
    "one long step": [*FAST, (60.0, 500), *FAST],
    "an early end": FAST[:4] + SLOW[:6],
    "steps of many seconds": [(8.0, 64)] * 20,
}


@pytest.mark.parametrize("parts", QUIET.values(), ids=QUIET)
def test_nothing_is_said_about(parts: list[tuple[float, int]]) -> None:
    assert said(parts) == []


def test_slow_steps_of_many_seconds_are_found() -> None:
    assert len(said([*[(2.0, 64)] * 10, *[(15.0, 64)] * 4])) == 1


def test_it_is_said_again_after_an_hour() -> None:
    assert len(said([*FAST, *SLOW, *FAST * 350, *SLOW])) == 1
    assert len(said([*FAST, *SLOW, *FAST * 370, *SLOW])) == 2


def test_a_rollback_starts_a_stretch_anew() -> None:
    pace = Pace(2)
    for images in range(0, 20_000, 500):
        assert not pace.check(images, images / 1000)
    assert not pace.check(500, 0.5)  # back to a checkpoint
    assert not pace.check(1000, 1.0)
    assert pace.parts == [(0.5, 500)]


def test_a_training_says_it_in_the_words_of_the_command_line(
    genmodels: CommandLine, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "Pace", lambda threads: Pace(2))
    calls, now = count(), 0.0

    def clock() -> float:
        """Return a time that passes ten times as fast after the first 80 calls."""
        nonlocal now
        now += 0.1 if next(calls) < 80 else 1.0
        return now

    monkeypatch.setattr(trainer, "time", SimpleNamespace(perf_counter=clock))
    words = ["train", "--config", "vae.yaml", *TINY, "--steps", 80]
    outcome = genmodels(*words, "--out", "run")
    assert outcome.code == 0
    (line,) = [line for line in outcome.err.splitlines() if "slowed down" in line]
    assert line.endswith("wait for it, or stop and resume with --threads 1")
