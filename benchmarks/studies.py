"""``python -m benchmarks.studies``: a study in turn, and the same one with trainings side by side.

Each round runs ``genmodels compare`` once for each number of jobs, as a user does. What is printed
is how many images of each model are trained on in a second of the whole command, and while
trainings run, as a multiple of the first number of jobs; and the same on paper for more cores.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import machine
from benchmarks.turns import ratio
from genmodels import runs
from genmodels.comparison import schedule

CORES = (2, 4, 16, 64)  # of the machines on paper
Round = Mapping[str, Any]  # jobs, seconds of training and of evaluation; each run, by model


def main(arguments: list[str] | None = None) -> None:
    """Measure, print tables and write JSON."""
    options = _options(arguments)
    console = Console(highlight=False)
    found: dict[int, list[Round]] = {jobs: [] for jobs in options.jobs}
    with tempfile.TemporaryDirectory() as place:
        for number in range(options.rounds):
            first = number % len(options.jobs)
            for jobs in [*options.jobs[first:], *options.jobs[:first]]:
                # Other samples each time: what was evaluated before would be read from the cache.
                seed = sum(map(len, found.values()))
                found[jobs].append(_study(jobs, seed, options, Path(place) / "study"))
            console.print(f"round {number + 1} of {options.rounds}")
    console.print(table(found), on_paper(found, options.seeds))
    result = {
        "hardware": machine.hardware(),
        "command": " ".join(["python -m benchmarks.studies", *(arguments or sys.argv[1:])]),
        "rounds": {str(jobs): rounds for jobs, rounds in found.items()},
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    console.print(f"{options.out}")


def whole(rounds: Sequence[Round], model: str) -> list[float]:
    """Return the images of a model that a study trains on in a second, start and end included."""
    return [sum(each["images"][model]) / each["training_seconds"] for each in rounds]


def running(rounds: Sequence[Round], model: str) -> list[float]:
    """Return the images a second of as many trainings of a model as run at a time."""
    return [each["jobs"] * mean(each["images_per_second"][model]) for each in rounds]


def table(found: Mapping[int, Sequence[Round]]) -> Table:
    """Rates of each model, and medians and ranges of their ratios to the first number of jobs."""
    made = Table("jobs", "images/s")
    for heading in ("median", "÷ the first", "range"):
        made.add_column(heading, justify="right")
    first = next(iter(found.values()))
    for jobs, rounds in found.items():
        rows: dict[str, tuple[Sequence[float], Sequence[float]]] = {}
        for name in first[0]["images"]:
            rows[f"{name}, while training"] = running(rounds, name), running(first, name)
            rows[f"{name}, whole command"] = whole(rounds, name), whole(first, name)
        if first[0]["evaluation_seconds"]:
            pace = [[1 / r["evaluation_seconds"] for r in each] for each in (rounds, first)]
            rows["comparisons/s"] = (pace[0], pace[1])
        for part, (ours, theirs) in rows.items():
            middle, low, high = ratio(ours, theirs)
            values = (f"{median(ours):,.4g}", f"{middle:.2f}", f"{low:.2f} to {high:.2f}")
            made.add_row(str(jobs), part, *values)
    return made


def on_paper(found: Mapping[int, Sequence[Round]], seeds: int) -> Table:
    """What the gain on this machine means for more cores.

    By Amdahl's law the part of a step that does not become faster with threads follows from the
    gain g on n cores; on N cores the gain is 1 + (N − 1)(g − 1) / (n − 1), as long as memory is
    fast enough. A study with more or fewer trainings than cores has workers that wait; their share
    is simulated, for equal durations and for durations between the half and the double.
    """
    made = Table("cores", "gain", "trainings", "busy, equal", "busy, unequal")
    first, jobs = min(found), max(found)
    if first != 1 or jobs == 1:
        return made
    models = list(found[first][0]["images"])
    gain = min(ratio(running(found[jobs], m), running(found[first], m))[0] for m in models)
    for cores in CORES:
        count = len(models) * max(seeds, 2 * cores)
        equal, unequal = [1.0] * count, [(0.5, 1.0, 2.0)[n % 3] for n in range(count)]
        made.add_row(
            str(cores),
            f"{1 + (cores - 1) * (gain - 1) / (jobs - 1):.2f}",
            str(count),
            *(f"{sum(d) / cores / schedule.makespan(d, cores):.0%}" for d in (equal, unequal)),
        )
    return made


def _study(jobs: int, seed: int, options: argparse.Namespace, out: Path) -> Round:
    """Run a study in an empty folder: its trainings, then its evaluations if they are wanted."""
    shutil.rmtree(out, ignore_errors=True)
    words = ["compare", *options.configs, "--seeds", options.seeds, "--budget", options.budget]
    words += ["--data", options.data, "--jobs", jobs, "--out", out, "--features", options.features]
    words += ["--seed", seed]
    training = _seconds([*words, "--shard", "1/1"])
    images: dict[str, list[int]] = {}
    each: dict[str, list[float]] = {}
    for folder in runs.listed(out):
        progress = folder.latest().header["progress"]
        images.setdefault(folder.config_name, []).append(progress["images"])
        rate = progress["images"] / progress["seconds"]
        each.setdefault(folder.config_name, []).append(rate)
    evaluation = _seconds([*words, "--count", options.count]) if options.count else None
    return {
        "jobs": jobs,
        "training_seconds": training,
        "images": images,
        "images_per_second": each,
        "evaluation_seconds": evaluation,
    }


def _seconds(words: Sequence[object]) -> float:
    """Run a command of genmodels, and return how long it took."""
    began = time.perf_counter()
    given = [sys.executable, "-m", "genmodels", *map(str, words)]
    done = subprocess.run(given, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return time.perf_counter() - began


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.studies", description=__doc__)
    parser.add_argument("--configs", nargs="+", default=["report/vae.yaml", "gan.yaml"])
    parser.add_argument("--data", default="glyphs")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", default="10s", help="of each training")
    parser.add_argument("--count", type=int, default=0, help="samples to evaluate; 0: none")
    parser.add_argument("--features", default="auto")
    parser.add_argument("--jobs", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("studies.json"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
