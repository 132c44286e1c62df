"""Contenders take turns, each in a process of its own, so that what one sets holds for it alone.

Ratios of one round compare what ran next to each other, so a busy machine slows both.
"""

import importlib
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import torch

from benchmarks.work import Loop, Skipped, named
from genmodels.system import device, waiting

OURS = "genmodels"
CONTENDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "tutorial, 0 workers": ("tutorial", {"workers": 0}),
    "tutorial, 1 worker": ("tutorial", {"workers": 1}),
    "pythae": ("pythae_trainer", {}),
    "bare loop": ("bare", {"tuned": False}),
    "bare loop, our settings": ("bare", {"tuned": True}),
    "JAX, scanned": ("jax_scan", {}),
    OURS: ("shared_trainer", {"precision": "fp32", "execution": "eager"}),
    f"{OURS}, compiled": ("shared_trainer", {"precision": "fp32", "execution": "compiled"}),
    f"{OURS}, bf16": ("shared_trainer", {"precision": "bf16", "execution": "eager"}),
    f"{OURS}, compiled, bf16": ("shared_trainer", {"precision": "bf16", "execution": "compiled"}),
}
# These wait as genmodels lets threads wait, which must be set before their processes start.
WAIT_BRIEFLY = {name for name in CONTENDERS if name.startswith(OURS)} | {"bare loop, our settings"}
START_SECONDS = 300  # that a contender has to import, load and compile


@dataclass(frozen=True)
class Turn:
    """The images that a contender trained on in one turn, and the seconds.

    Attributes:
        rate: images a second.
        memory: peak of its process so far, MiB.
    """

    rate: float
    memory: float


class Contender:
    """A way to train, waiting in its own process for its turns.

    Args:
        name: one of ``CONTENDERS``.
        work: a name of work.
        grey: the set of grey images.
        device: where it trains.
    """

    def __init__(self, name: str, work: str, grey: str, device: str):
        self.name, self.why_not = name, ""
        context = multiprocessing.get_context("spawn")
        self.here, there = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(there, name, work, grey, device), daemon=name.count("worker") == 0
        )
        with _environment(waiting.variables() if name in WAIT_BRIEFLY else {}):
            self.process.start()
        there.close()

    def wait(self) -> bool:
        """Whether it takes part, once it has started."""
        if self.here.poll(START_SECONDS):
            try:
                self.why_not = self.here.recv()
            except EOFError:
                self.why_not = "it ended without a word"
        else:
            self.why_not = f"it did not start in {START_SECONDS} s"
        return not self.why_not

    def turn(self, seconds: float) -> Turn:
        """Let the contender train for one turn."""
        self.here.send(seconds)
        answer = self.here.recv()
        if isinstance(answer, str):
            raise RuntimeError(f"{self.name}: {answer}")
        return answer

    def __enter__(self) -> "Contender":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.here.close()
        self.process.join(10)
        self.process.kill()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables for processes that start meanwhile, unless the user has set one of them."""
    added = {} if any(name in os.environ for name in variables) else dict(variables)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, smallest and largest ratio over the rounds."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


def medians(turns: Mapping[str, Sequence[Turn]]) -> dict[str, float]:
    """Return the median rate of each contender."""
    return {name: statistics.median(t.rate for t in its) for name, its in turns.items()}


def _serve(there: Connection, name: str, work: str, grey: str, where: str) -> None:
    """Start a contender, then train for as long as each message says."""
    module, options = CONTENDERS[name]
    try:
        loop = importlib.import_module(f"benchmarks.{module}").start(
            named(work, grey), where, **options
        )
        next(loop)
    except Skipped as reason:
        there.send(str(reason))
        return
    except Exception as error:
        there.send(f"{type(error).__name__}: {error}")
        return
    there.send("")
    on = device.Device(torch.device(where), "fp32", ("", ""))
    while True:
        try:
            seconds = there.recv()
        except EOFError:
            loop.close()
            return
        there.send(Turn(_rate(loop, seconds, on), on.peak_memory() or 0.0))


def _rate(loop: Loop, seconds: float, on: device.Device) -> float:
    images, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        images += next(loop)
    on.synchronize()
    return images / (time.perf_counter() - began)
