"""``python -m benchmarks.compiling``: what compiling the steps of presets costs and saves.

Each preset is trained three times for the same time, in processes of their own: with eager steps,
with compiled steps and an empty cache, and with compiled steps that the last process has left in
the cache. The cost of a start is the time that its steps took beyond what the late ones take.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest import mock

from benchmarks import machine
from genmodels import api
from genmodels.console import Display
from genmodels.system import device as devices
from genmodels.system.tuning import threads, tune_cpu
from genmodels.training import session
from genmodels.training.records import Progress

PRESETS = ("vae.yaml", "vae-gmm.yaml", "gan.yaml", "r3gan.yaml")
LATE = 0.6  # the steps after this share of the time are late ones
CACHE = "TORCHINDUCTOR_CACHE_DIR"


@dataclass(frozen=True)
class Start:
    """A training from its first step.

    Attributes:
        rate: late steps a second.
        lost: seconds beyond those that all steps would have taken at this rate.
        tensors: number of tensors of weights.
        notes: how steps were run.
    """

    rate: float
    lost: float
    tensors: int
    notes: list[str]


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiling", description=__doc__)
    parser.add_argument("presets", nargs="*", default=PRESETS, metavar="PRESET")
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each training")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="fp32", help="fp32 or bf16")
    parser.add_argument("--out", type=Path, default=Path("compiling.json"))
    options = parser.parse_args()
    found = {}
    for preset in options.presets:
        starts = measure(preset, options)
        found[preset] = {name: asdict(start) for name, start in starts.items()}
        print(f"{preset}: {described(starts)}", flush=True)
    content = {
        "hardware": machine.hardware() | {"threads": options.threads},
        "command": " ".join(["python -m benchmarks.compiling", *sys.argv[1:]]),
        "presets": found,
    }
    options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def measure(preset: str, options: argparse.Namespace) -> dict[str, Start]:
    """Return the starts: eager, compiled for the first time, and for the second."""
    starts = {}
    with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, {CACHE: cache}):
        for name in ("eager", "compiled", "compiled before"):
            starts[name] = in_own_process(preset, name.partition(" ")[0], options)
    return starts


def in_own_process(preset: str, execution: str, options: argparse.Namespace) -> Start:
    """Train in a new process, which has loaded nothing that was compiled."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(train, preset, execution, options).result()


def train(preset: str, execution: str, options: argparse.Namespace) -> Start:
    """Train a preset, and return how it began and how fast it became."""
    train = {"threads": options.threads, "execution": execution, "precision": options.precision}
    budget = f"{options.seconds}s"
    settings = api.config(preset, settings=[{"train": train}], data=options.data, budget=budget)
    device = devices.choose("cpu", options.precision)
    with threads(options.threads):
        tune_cpu(device)
        display = Display(quiet=True)
        images = session.load(settings.data, display)
        trainer = session.trainer_of(settings, images, device)
        seen = [record for record in trainer.records() if isinstance(record, Progress)]
    late = [record for record in seen if record.seconds >= LATE * options.seconds]
    assert len(late) > 1, "the steps are too slow for this time; give more --seconds"
    first, last = late[0], late[-1]
    rate = (last.step - first.step) / (last.seconds - first.seconds)
    tensors = len(list(trainer.model.parameters()))
    return Start(rate, last.seconds - last.step / rate, tensors, list(trainer.notes))


def described(starts: dict[str, Start]) -> str:
    """Return what compiling costs and saves, in a sentence."""
    eager, first, second = starts.values()
    return (
        f"eager {eager.rate:.1f} steps/s; compiled {first.rate:.1f}, {eager.rate / first.rate:.2f} "
        f"of the time, after {first.lost:.1f} s, or {second.lost:.1f} s where compiled before"
    )


if __name__ == "__main__":
    main()
