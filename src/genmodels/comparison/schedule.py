"""The order of a study's tasks, and how many run at a time. Nothing here starts a process."""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from genmodels.errors import readable_size

Item = TypeVar("Item")
Jobs = int | Literal["auto"]  # how many tasks run at a time

# Bytes that one process needs beside its images. Measured on MNIST: 0.9 GiB to train the report's
# VAE or a GAN of its size, 1.6 GiB to evaluate it with 10,000 samples.
PROCESS_BYTES = 2 << 30


@dataclass(frozen=True)
class Machine:
    """What a study may use.

    Attributes:
        kind: the type of the device, such as ``cpu``.
        cores: physical cores.
        threads: the most CPU threads of one process.
        free: bytes of free memory; None if it is not known.
    """

    kind: str
    cores: int
    threads: int
    free: int | None


@dataclass(frozen=True)
class Layout:
    """How many tasks run at a time.

    Attributes:
        jobs: their number.
        threads: CPU threads of each.
        why: the reason, in a few words.
    """

    jobs: int
    threads: int
    why: str

    @property
    def sentence(self) -> str:
        """The layout and its reason, for the user."""
        return f"{self.jobs} at a time, {_counted(self.threads, 'thread')} each: {self.why}"


def layout(
    wanted: Jobs, tasks: int, machine: Machine, table: int, threads: int | None = None
) -> Layout:
    """Choose how many tasks run at a time, and the threads of each.

    On a CPU, ``auto`` is one task for each core, because small networks on one thread compute
    more in sum. Of the numbers that need as few rounds it is the smallest, so that the last
    round is as full as the others. Memory may allow fewer.

    Args:
        wanted: the number that was asked for, or ``auto``.
        tasks: the number of tasks, 1 or more.
        machine: what they may use.
        table: bytes of the images, which each process holds.
        threads: of each task; by default the cores are shared equally.
    """
    jobs, why = (wanted, "asked for") if wanted != "auto" else _automatic(machine, table, threads)
    if jobs >= tasks:
        jobs, why = tasks, f"of {_counted(tasks, 'run')}"
    elif wanted == "auto":
        jobs = math.ceil(tasks / math.ceil(tasks / jobs))
    each = threads or max(1, min(machine.threads, machine.cores // jobs))
    if machine.kind == "cpu" and jobs * each > machine.cores:
        why += f", on {_counted(machine.cores, 'core')}"
    return Layout(jobs, each, why)


def _automatic(machine: Machine, table: int, threads: int | None) -> tuple[int, str]:
    """Return the largest number of tasks at a time that a machine is good for, and the reason."""
    if machine.kind != "cpu":
        return 1, f"one {machine.kind} device"
    by_cores = max(1, machine.cores // (threads or 1))
    need = PROCESS_BYTES + table
    by_memory = max(1, machine.free // need) if machine.free is not None else by_cores
    if by_memory < by_cores:
        return by_memory, f"{readable_size(machine.free or 0)} are free, {readable_size(need)} each"
    return by_cores, f"for {_counted(machine.cores, 'core')}"


def alternate(items: Sequence[Item], group: Callable[[Item], Hashable]) -> list[Item]:
    """Return the first item of each group, then the second of each, and so on.

    So the members of a comparison run at about the same time, and a slow minute hits them all.
    """
    seen: Counter[Hashable] = Counter()
    turns: list[int] = []
    for item in items:
        turns.append(seen[group(item)])
        seen[group(item)] += 1
    return [items[index] for index in sorted(range(len(items)), key=turns.__getitem__)]


@dataclass(frozen=True)
class Span:
    """When a task runs, in seconds from the start, and on which worker."""

    worker: int
    start: float
    end: float


def simulate(seconds: Sequence[float], workers: int) -> list[Span]:
    """Give each task, in order, to the worker that is free first.

    Args:
        seconds: the duration of each task.
        workers: their number.
    """
    free = [0.0] * workers
    spans: list[Span] = []
    for duration in seconds:
        worker = min(range(workers), key=free.__getitem__)
        spans.append(Span(worker, free[worker], free[worker] + duration))
        free[worker] += duration
    return spans


def makespan(seconds: Sequence[float], workers: int) -> float:
    """Return the seconds until the last task ends; 0 without tasks."""
    return max((span.end for span in simulate(seconds, workers)), default=0.0)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
