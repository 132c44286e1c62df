"""Rounds in which every contender trains for some seconds, in turn; ratios of one round
compare what ran next to each other, so a busy machine slows both."""

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmarks.work import Contender, Loop, Work
from genmodels.recording import versions


def rates(
    work: Work,
    contenders: Sequence[Contender],
    rounds: int,
    seconds: float,
    report: Callable[[str], None],
) -> dict[str, list[float]]:
    """Measure images per second, a list of rounds for each contender.

    Args:
        work: what is trained.
        contenders: who trains it.
        rounds: how often each has its turn; an unmeasured one comes first.
        seconds: length of a turn.
        report: is told where the measurement stands.
    """
    loops = {contender.name: contender.loops[work.family](work) for contender in contenders}
    found: dict[str, list[float]] = {name: [] for name in loops}
    products = {contender.name: contender.products for contender in contenders}
    for name, loop in loops.items():
        torch.set_float32_matmul_precision(products[name])
        _rate(loop, seconds / 2)
    names = list(loops)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            torch.set_float32_matmul_precision(products[name])
            found[name].append(_rate(loops[name], seconds))
        report(f"{work.name}: round {number + 1} of {rounds}")
    for loop in loops.values():
        loop.close()  # type: ignore[attr-defined]
    return found


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Median, smallest and largest of the ratios of each round."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


def hardware() -> dict[str, Any]:
    """What the numbers depend on."""
    return {
        "platform": platform.platform(),
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "versions": versions(),
    }


def _rate(loop: Loop, seconds: float) -> float:
    images, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        images += next(loop)
    return images / elapsed


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
        return names[0] if names else platform.machine()
    except OSError:
        return platform.processor() or platform.machine()
