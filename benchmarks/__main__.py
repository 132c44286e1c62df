"""``python -m benchmarks``: who trains how fast, beside each other."""

import argparse
import json
import sys
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import bare, measure, shared_trainer, tutorial, work
from genmodels import data
from genmodels.errors import InputError

OURS = "genmodels"


def main(arguments: list[str] | None = None) -> None:
    """Measure, print a table, write JSON."""
    options = _options(arguments)
    try:
        images = data.load(options.data)
    except InputError as error:
        sys.exit(str(error))
    contenders = [
        tutorial.contender(0),
        tutorial.contender(1),
        bare.contender("highest"),
        bare.contender(shared_trainer.PRODUCTS),
        shared_trainer.contender(),
    ]
    chosen = [w for w in work.all_of(images) if not options.work or w.name in options.work]
    if not chosen:
        sys.exit(f"no work {options.work}; there is {[w.name for w in work.all_of(images)]}")
    console = Console(highlight=False)
    found = {
        w.name: measure.rates(w, contenders, options.rounds, options.seconds, print) for w in chosen
    }
    console.print(table(found))
    result = {
        "hardware": measure.hardware(),
        "data": images.name,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "images_per_second": found,
    }
    options.out.write_text(json.dumps(result, indent=1), encoding="utf-8")
    console.print(f"{options.out}")


def table(found: dict[str, dict[str, list[float]]]) -> Table:
    """Median rates, and ours divided by theirs: the median, and the range of the rounds."""
    made = Table("work", "contender")
    for heading in ("images/s", f"{OURS} ÷ it", "range"):
        made.add_column(heading, justify="right")
    for name, rates in found.items():
        for contender, theirs in rates.items():
            cells = [name, contender, f"{median(theirs):,.0f}"]
            if contender != OURS:
                middle, low, high = measure.ratio(rates[OURS], theirs)
                cells += [f"{middle:.2f}", f"{low:.2f} to {high:.2f}"]
            made.add_row(*cells, end_section=contender == OURS)
    return made


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--work", nargs="*", help="such as vae-64; all by default")
    parser.add_argument("--data", default="glyphs", help="a set of grey images")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each turn")
    parser.add_argument("--out", type=Path, default=Path("benchmarks.json"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
