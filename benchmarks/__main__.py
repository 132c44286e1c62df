"""``python -m benchmarks``: compare training speeds."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import machine
from benchmarks.turns import CONTENDERS, OURS, Contender, Turn, medians, ratio
from benchmarks.work import WORKS, named
from genmodels.errors import InputError
from genmodels.system import device
from genmodels.system.tuning import tune_cpu

LIMIT_SECONDS = 0.5


@dataclass(frozen=True)
class Found:
    """The measurements of one workload.

    Attributes:
        turns: contender → its turns, one a round.
        skipped: contender → why it did not take part.
        flops: floating-point operations of a training step, an image.
        limits: floating-point operations a second of the machine, one a round.
    """

    turns: Mapping[str, Sequence[Turn]]
    skipped: Mapping[str, str]
    flops: float
    limits: Sequence[float]

    def share(self, name: str) -> float:
        """Median of a contender's share of the machine's limit, by the work that is needed."""
        shares = [
            turn.rate * self.flops / limit
            for turn, limit in zip(self.turns[name], self.limits, strict=True)
        ]
        return median(shares)

    def plain(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "flops_per_image": self.flops,
            "limit_flops_per_second": list(self.limits),
            "skipped": dict(self.skipped),
            "contenders": {
                name: {
                    "images_per_second": [turn.rate for turn in turns],
                    "peak_memory_mib": max(turn.memory for turn in turns),
                    "share_of_limit": self.share(name),
                }
                for name, turns in self.turns.items()
            },
        }


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table and write JSON."""
    options = _options(arguments)
    console = Console(highlight=False)
    try:
        found = {name: _measure(name, options, console) for name in options.work}
    except InputError as error:
        sys.exit(str(error))
    console.print(table(found))
    for name, its in found.items():
        for contender, why in its.skipped.items():
            console.print(f"{name}: {contender} skipped: {why}")
    result = {
        "hardware": machine.hardware(),
        "command": " ".join(["python -m benchmarks", *(arguments or sys.argv[1:])]),
        "rounds": options.rounds,
        "seconds": options.seconds,
        "work": {name: its.plain() for name, its in found.items()},
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    options.out.with_suffix(".md").write_text(markdown(table(found)), encoding="utf-8")
    console.print(f"{options.out}")


def table(found: Mapping[str, Found]) -> Table:
    """Median rates, ours divided by theirs with the range of the rounds, share of the limit."""
    made = Table("work", "contender")
    for heading in ("images/s", "ours ÷ it", "range", "of limit", "MiB"):
        made.add_column(heading, justify="right")
    for name, its in found.items():
        ours = [turn.rate for turn in its.turns.get(OURS, [])]
        for contender, rate in medians(its.turns).items():
            cells = ["—", ""]
            if contender != OURS and ours:
                middle, low, high = ratio(ours, [turn.rate for turn in its.turns[contender]])
                cells = [f"{middle:.2f}", f"{low:.2f} to {high:.2f}"]
            memory = max(turn.memory for turn in its.turns[contender])
            cells += [f"{its.share(contender):.0%}", f"{memory:,.0f}"]
            made.add_row(name, contender, f"{rate:,.0f}", *cells)
        made.add_section()
    return made


def markdown(made: Table) -> str:
    """Return a table as Markdown."""
    rows = zip(*(column.cells for column in made.columns), strict=True)
    lines = [[str(column.header) for column in made.columns], ["---"] * len(made.columns), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _measure(name: str, options: argparse.Namespace, console: Console) -> Found:
    chosen = device.choose(options.device, "fp32")
    tune_cpu(chosen)
    flops, limit = named(name, options.data).flops_per_image(chosen), machine.Limit(chosen)
    with ExitStack() as stack:
        present: list[Contender] = []
        skipped: dict[str, str] = {}
        for which in options.contender:  # one after the other: compiling takes all cores
            contender = stack.enter_context(Contender(which, name, options.data, options.device))
            if contender.wait():
                present.append(contender)
                contender.turn(options.seconds / 2)
            else:
                skipped[which] = contender.why_not
        turns: dict[str, list[Turn]] = {contender.name: [] for contender in present}
        limits = []
        for number in range(options.rounds):
            limits.append(limit.rate(min(LIMIT_SECONDS, options.seconds)))
            first = number % max(len(present), 1)
            for contender in present[first:] + present[:first]:
                turns[contender.name].append(contender.turn(options.seconds))
            console.print(f"{name}: round {number + 1} of {options.rounds}")
    return Found(turns, skipped, flops, limits)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--work", nargs="*", default=list(WORKS), choices=WORKS, metavar="WORK",
                        help=f"of {', '.join(WORKS)}; all by default")  # fmt: skip
    parser.add_argument("--contender", nargs="*", default=list(CONTENDERS), choices=CONTENDERS,
                        metavar="NAME", help=f"of {'; '.join(CONTENDERS)}")  # fmt: skip
    parser.add_argument("--data", default="glyphs", help="a set of grey images")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn")
    parser.add_argument("--out", type=Path, default=Path("benchmarks.json"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
