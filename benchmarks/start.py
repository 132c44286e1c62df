"""``python -m benchmarks.start``: seconds from a command to its result, beside ``import torch``.

Each command runs once a round, in a process of its own and in turn, so that a ratio compares what
ran side by side. Two small trainings come first. The system has read all files before the first
round.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks import machine
from benchmarks.turns import ratio

TORCH = "import torch"
WARM_UP = 1  # rounds that are not counted


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=__doc__)
    parser.add_argument("--config", default="vae.yaml")
    parser.add_argument("--data", default="mnist", help="of the trainings")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("start.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        seconds = measure(Path(made), options.config, options.data, options.rounds)
    for name, turns in seconds.items():
        middle, low, high = ratio(turns, seconds[TORCH])
        print(f"{name}: {median(turns):.2f} s, {middle:.2f} ({low:.2f} to {high:.2f}) of {TORCH}")
    found = {
        "hardware": machine.hardware(),
        "command": " ".join(["python -m benchmarks.start", *sys.argv[1:]]),
        "seconds": seconds,
    }
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def measure(place: Path, config: str, data: str, rounds: int) -> Mapping[str, Sequence[float]]:
    """Return the seconds of each command, one a round."""
    for seed in (0, 1):
        _seconds(
            "-m", "genmodels", "train", "--config", config, "--data", data, "--steps", "20",
            "--seed", str(seed), "--device", "cpu", "--out", f"run{seed}", at=place,
        )  # fmt: skip
    found: dict[str, list[float]] = {}
    for number in range(WARM_UP + rounds):
        sample = ("-m", "genmodels", "sample", "run0", "--device", "cpu")
        commands = {
            "python": ("-c", "pass"),
            "import genmodels": ("-c", "import genmodels"),
            TORCH: ("-c", TORCH),
            "genmodels --help": ("-m", "genmodels", "--help"),
            "genmodels sample RUN": (*sample, "--out", f"{number}.png"),
        }
        for name, words in commands.items():
            taken = _seconds(*words, at=place)
            if number >= WARM_UP:
                found.setdefault(name, []).append(taken)
    return found


def _seconds(*words: str, at: Path) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=at, check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
