"""``python -m benchmarks.company``: trainings on a machine that has other work to do.

Each way of waiting trains alone, beside a loop of Python that never rests, and beside a second
training of its own kind, in turns of the same round. What is printed is the rate alone, and the
rate in company as a share of it.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import machine
from benchmarks.turns import CONTENDERS, OURS, Contender, ratio
from benchmarks.work import WORKS

COMPANY = ("alone", "busy loop", "second training")
UNSET = "default"  # the OpenMP library's own number of spins
BUSY = "while True: pass"
SETTINGS = ("GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_WAIT_POLICY", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Waiting:
    """How the threads of a training wait for each other.

    Attributes:
        spins: turns of a loop before a thread sleeps, or ``default``.
        threads: of each training.
    """

    spins: str
    threads: int

    def environment(self) -> dict[str, str]:
        """Return the variables that a process must find when it starts."""
        # genmodels leaves a user's settings alone; this one is that of another library.
        unset = {"KMP_BLOCKTIME": "200"}
        spins = unset if self.spins == UNSET else {"GOMP_SPINCOUNT": self.spins}
        return {"OMP_NUM_THREADS": str(self.threads), **spins}


Rates = Mapping[str, Sequence[float]]  # company → images a second of one training, one a round


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table and write JSON."""
    options = _options(arguments)
    console = Console(highlight=False)
    ways = [Waiting(spins, threads) for threads in options.threads for spins in options.spins]
    found = _measure(ways, options, console)
    console.print(table(found))
    result = {
        "hardware": machine.hardware(),
        "command": " ".join(["python -m benchmarks.company", *(arguments or sys.argv[1:])]),
        "ways": [
            {"spins": way.spins, "threads": way.threads, "images_per_second": rates}
            for way, rates in found.items()
        ],
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    console.print(f"{options.out}")


def table(found: Mapping[Waiting, Rates]) -> Table:
    """Median rates alone, and medians and ranges of the shares that are left in company."""
    made = Table("threads", "spins")
    for heading in ("images/s alone", "÷ the first", *COMPANY[1:]):
        made.add_column(heading, justify="right")
    first = next(iter(found.values()))["alone"]
    for way, rates in found.items():
        shares = [ratio(rates[name], rates["alone"]) for name in COMPANY[1:]]
        made.add_row(
            str(way.threads),
            way.spins,
            f"{median(rates['alone']):,.0f}",
            *(
                f"{a:.2f} ({b:.2f} to {c:.2f})"
                for a, b, c in [ratio(rates["alone"], first), *shares]
            ),
        )
    return made


def _measure(
    ways: Sequence[Waiting], options: argparse.Namespace, console: Console
) -> dict[Waiting, Rates]:
    found: dict[Waiting, dict[str, list[float]]] = {way: {c: [] for c in COMPANY} for way in ways}
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        pairs = {way: [_start(way, options, stack) for _ in range(2)] for way in ways}

        def rates(*together: Contender) -> float:
            turns = list(pool.map(lambda c: c.turn(options.seconds), together))
            return sum(turn.rate for turn in turns) / len(turns)

        for number in range(options.rounds):
            for way in [*ways[number % len(ways) :], *ways[: number % len(ways)]]:
                first, second = pairs[way]
                found[way]["alone"].append(rates(first))
                with _busy():
                    found[way]["busy loop"].append(rates(first))
                found[way]["second training"].append(rates(first, second))
            console.print(f"round {number + 1} of {options.rounds}")
    return {way: dict(rates) for way, rates in found.items()}


def _start(way: Waiting, options: argparse.Namespace, stack: ExitStack) -> Contender:
    with _environment(way.environment()):
        made = Contender(options.contender, options.work, options.data, "cpu")
    stack.enter_context(made)
    if not made.wait():
        sys.exit(f"{options.contender} does not take part: {made.why_not}")
    made.turn(options.seconds / 2)
    return made


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Give processes that are started meanwhile these variables, and no others of ``SETTINGS``."""
    before = dict(os.environ)
    for name in SETTINGS:
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    """Run a loop that never rests in a process of its own."""
    with subprocess.Popen([sys.executable, "-c", BUSY]) as process:
        try:
            yield
        finally:
            process.kill()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.company", description=__doc__)
    parser.add_argument("--work", default="vae-128", choices=WORKS, metavar="WORK")
    parser.add_argument("--contender", default=OURS, choices=CONTENDERS, metavar="NAME")
    parser.add_argument("--data", default="glyphs", help="a set of grey images")
    parser.add_argument("--spins", nargs="+", default=[UNSET, "0", "100", "1000", "10000"])
    parser.add_argument("--threads", nargs="+", type=int, default=[os.cpu_count() or 1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a turn")
    parser.add_argument("--out", type=Path, default=Path("company.json"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
