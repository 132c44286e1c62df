"""How many tasks run at a time and in which order, by simulated durations."""

import itertools
import random

import pytest

from genmodels.comparison.schedule import (
    PROCESS_BYTES,
    Layout,
    Machine,
    alternate,
    layout,
    makespan,
    simulate,
)

PLENTY = 1 << 50


def cpu(cores: int, free: int | None = PLENTY, threads: int | None = None) -> Machine:
    return Machine("cpu", cores, threads or cores, free)


def test_members_alternate() -> None:
    jobs = [(name, seed) for name in ("a", "b", "c") for seed in range(3)] + [("a", 3)]
    ordered = alternate(jobs, lambda job: job[0])
    rounds = [(name, seed) for seed in range(3) for name in ("a", "b", "c")]
    assert ordered == [*rounds, ("a", 3)]
    assert alternate([], str) == []


def test_a_slow_minute_hits_all_members_alike() -> None:
    """Two models by 32 seeds; for a while the machine has half of its speed."""
    jobs = [(name, seed) for name in ("a", "b") for seed in range(32)]
    for workers in (2, 4, 8, 16):
        slowed = {}
        for ordered in (jobs, alternate(jobs, lambda job: job[0])):
            spans = simulate([60.0] * len(jobs), workers)
            slow = (0.0, makespan([60.0] * len(jobs), workers) / 4)
            hit = {"a": 0.0, "b": 0.0}
            for (name, _), span in zip(ordered, spans, strict=True):
                hit[name] += max(0.0, min(span.end, slow[1]) - max(span.start, slow[0]))
            slowed[ordered is jobs] = hit
        assert slowed[True] == {"a": sum(slowed[True].values()), "b": 0}, "one after the other"
        assert slowed[False]["a"] == slowed[False]["b"] > 0


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 64])
def test_no_worker_waits_while_there_is_work(workers: int) -> None:
    generator = random.Random(workers)
    seconds = [generator.uniform(1, 100) for _ in range(5 * workers + 3)]
    spans = simulate(seconds, workers)
    for (before, after), duration in zip(itertools.pairwise(spans), seconds, strict=False):
        assert before.end - before.start == pytest.approx(duration)
        assert before.start <= after.start
    for worker in range(workers):
        own = [span for span in spans if span.worker == worker]
        assert own[0].start == 0
        assert all(a.end == b.start for a, b in itertools.pairwise(own))
    end = makespan(seconds, workers)
    assert end == max(span.end for span in spans)
    # Graham (1966): list scheduling takes at most the mean load and one more task.
    assert sum(seconds) / workers <= end <= sum(seconds) / workers + max(seconds)
    assert makespan([], workers) == 0


def test_64_workers_are_used() -> None:
    """Of equal budgets all workers are busy; of unequal durations at least two thirds of them."""
    assert makespan([120.0] * 640, 64) == 1200
    chosen = layout("auto", 65, cpu(64), 0)
    assert (chosen.jobs, chosen.threads) == (33, 1), "65 trainings need two rounds of 33 and 32"
    assert makespan([120.0] * 65, chosen.jobs) == makespan([120.0] * 65, 64) == 240
    generator = random.Random(0)
    seconds = [generator.choice([60.0, 180.0, 300.0]) for _ in range(5 * 64)]
    assert sum(seconds) / (64 * makespan(seconds, 64)) > 2 / 3


@pytest.mark.parametrize("cores", [1, 2, 4, 6, 16, 64])
@pytest.mark.parametrize("tasks", [1, 2, 3, 6, 30, 64, 65, 200])
def test_auto_takes_no_more_rounds_than_one_task_on_each_core(cores: int, tasks: int) -> None:
    chosen = layout("auto", tasks, cpu(cores), 0)
    assert 1 <= chosen.jobs <= min(cores, tasks)
    assert chosen.threads == cores // chosen.jobs
    most = min(cores, tasks)
    assert makespan([1.0] * tasks, chosen.jobs) == makespan([1.0] * tasks, most)
    idle = chosen.jobs * makespan([1.0] * tasks, chosen.jobs) - tasks
    assert idle <= most * makespan([1.0] * tasks, most) - tasks


GIB = 1 << 30


@pytest.mark.parametrize(
    ("machine", "table", "threads", "wanted"),
    [
        (cpu(16), 0, None, Layout(15, 1, "for 16 cores")),  # of 30: two rounds
        (cpu(16), 0, 4, Layout(4, 4, "for 16 cores")),
        (cpu(16, 3 * PROCESS_BYTES), 0, None, Layout(3, 5, "6.0 GiB are free, 2.0 GiB each")),
        (cpu(16, 8 * GIB), 2 * GIB, None, Layout(2, 8, "8.0 GiB are free, 4.0 GiB each")),
        (cpu(16, 1), 0, None, Layout(1, 16, "1 B are free, 2.0 GiB each")),
        (cpu(16, None), 0, None, Layout(15, 1, "for 16 cores")),
        (cpu(16, threads=1), 0, None, Layout(15, 1, "for 16 cores")),  # OMP_NUM_THREADS=1
        (cpu(1), 0, None, Layout(1, 1, "for 1 core")),
        (Machine("cuda", 16, 16, PLENTY), 0, None, Layout(1, 16, "one cuda device")),
    ],
)
def test_auto_says_why(machine: Machine, table: int, threads: int | None, wanted: Layout) -> None:
    assert layout("auto", 30, machine, table, threads) == wanted


def test_a_number_is_taken_as_it_is() -> None:
    assert layout(4, 30, cpu(16), 0) == Layout(4, 4, "asked for")
    assert layout(4, 2, cpu(16), 0) == Layout(2, 8, "of 2 runs")
    crowded = layout(4, 30, cpu(2), 0)
    assert crowded.sentence == "4 at a time, 1 thread each: asked for, on 2 cores"
    assert layout(2, 30, cpu(2), 0, threads=2).why == "asked for, on 2 cores"
    assert layout(3, 30, Machine("cuda", 2, 2, PLENTY), 0).why == "asked for"
