"""``python -m studies.speedrun``: seconds of training until samples reach a quality.

Every entry of ``ENTRIES`` is trained with several seeds. Training pauses at growing times, and
the Fréchet distance (FD) of samples to validation images is measured; the time to a threshold is
that of the first such moment below it. At that moment the same weights are scored on test images
too, by a feature network that chose nothing.

Each result is written to ``docs/results/speedrun.json`` as soon as it is there, and is not
measured again, so the command may be stopped and repeated. ``docs/speedrun.md`` is written from
the results. A new record is a new row of ``ENTRIES``.
"""

import argparse
import multiprocessing
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ParamSpec, TypeVar
from unittest import mock

import torch

from benchmarks.machine import Limit, hardware
from genmodels import api, config
from genmodels.config.settings import Settings
from genmodels.console import Display
from genmodels.data.images import TEST, VALIDATION
from genmodels.errors import InputError
from genmodels.evaluation.features import domain
from genmodels.system import device as devices
from genmodels.system.provenance import measured
from genmodels.system.tuning import threads, tune_cpu
from genmodels.training import session
from studies import results, speedrun_page, timing
from studies.command import command
from studies.timing import Judges

DATA, HELD_OUT = "mnist", 0.1  # held out for validation, of the training images
THRESHOLDS = (5.0, 1.0, 0.3, 0.15)
SECOND_SEED, SECOND_STEPS = 1, domain.STEPS  # of the feature network that confirms
RATE_SECONDS = 2.0  # of matrix products, before and after a training

Given = ParamSpec("Given")
Returned = TypeVar("Returned")


@dataclass(frozen=True)
class Rules:
    """What all trainings have in common.

    Attributes:
        limit: of each training, such as ``60s``.
        threads: number of threads of each training.
    """

    limit: str
    threads: int


@dataclass(frozen=True)
class BoardRow:
    """A row of the board.

    Attributes:
        preset: the configuration.
        changed: what is new in it, in one line.
        settings: changes of the preset, such as ``train.batch_size=256``.
    """

    preset: str
    changed: str
    settings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The preset and its changes."""
        return " ".join((self.preset, *self.settings))

    def read(self, seed: int, rules: "Rules") -> Settings:
        """Return the configuration of a training."""
        changes: list[Mapping[str, Any]] = [config.assignment(text) for text in self.settings]
        common = {"data": {"validation": HELD_OUT}, "train": {"threads": rules.threads}}
        layers = [*changes, common]
        return api.config(self.preset, settings=layers, data=DATA, seed=seed, budget=rules.limit)


FAST = ("train.execution=eager", "train.precision=bf16")
ENTRIES = (
    BoardRow("report/vae.yaml", "the report's VAE: one hidden layer, ReLU, 20 latents"),
    BoardRow("report/gan.yaml", "the report's GAN: three hidden layers, Adam at 2e-4"),
    BoardRow("vae.yaml", "a second hidden layer, SiLU, 10 latents, a higher rate, an EMA"),
    BoardRow(
        "vae-gmm.yaml", "β = 0.03, 20 latents, twice the rate, and a mixture fitted to the codes"
    ),
    BoardRow("vae-gmm.yaml", "nothing is compiled, so no time goes into compiling", FAST[:1]),
    BoardRow("vae-gmm.yaml", "products of 16 bits (bfloat16)", FAST),
    BoardRow("gan.yaml", "a third of the work in a step, β₁ = 0.5, a higher rate, an EMA"),
    BoardRow("wgan-gp.yaml", "Wasserstein loss with a gradient penalty, five critic steps"),
    BoardRow(
        "r3gan.yaml", "images in pairs, penalties in one step of 8, 128 images, a higher rate", FAST
    ),
    BoardRow("flow.yaml", "a rectified flow: a fully connected field that predicts images", FAST),
)


@command
def main() -> None:
    """Measure what has no result yet, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m studies.speedrun", description=__doc__)
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help="by default all")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--limit", default="2m", help="of each training, such as 60s")
    parser.add_argument("--threads", type=int, default=devices.cores())
    parser.add_argument(
        "--docs", type=Path, default=results.DOCS, help="folder of results and page"
    )
    measure(parser.parse_args())


def measure(options: argparse.Namespace) -> None:
    """Train every pair of an entry and a seed that has no result, and write page and results.

    Raises:
        InputError: there is no such entry, or the results have another protocol.
    """
    entries = {entry.name: entry for entry in ENTRIES}
    chosen = options.entries or list(entries)
    if unknown := [name for name in chosen if name not in entries]:
        raise InputError(f"there is no entry {unknown[0]!r}; use {', '.join(entries)}")
    rules = Rules(options.limit, options.threads)
    second, unit, protocol = prepare(options.docs, ENTRIES[0].read(0, rules))
    path = options.docs / "results" / "speedrun.json"
    found = current(path, protocol, rules)
    known = {(result["entry"], result["seed"]) for result in found}
    missing = [(n, s) for s in range(options.seeds) for n in chosen if (n, s) not in known]
    for number, (name, seed) in enumerate(missing, 1):
        print(f"{number} of {len(missing)}: {name}, seed {seed}", flush=True)
        result = in_fresh_process(race, entries[name], seed, rules, second)
        print(f"  {speedrun_page.summary(result, THRESHOLDS)}", flush=True)
        found.append(result)
        results.write(path, {"protocol": protocol, "second_unit": unit, "results": found})
    if found:
        changed = {entry.name: entry.changed for entry in ENTRIES}
        speedrun_page.write(options.docs, protocol, unit, changed, found)


def prepare(docs: Path, settings: Settings) -> tuple[Path, float, dict[str, Any]]:
    """Prepare the network that confirms, and describe the measurement.

    The network is trained once. Its file lies beside the results, because another machine would
    train other weights.

    Returns:
        The file, the :meth:`unit <studies.timing.Judges.unit>`, and the protocol.
    """
    display = Display()
    images = session.load(settings.data, display)
    path = docs / "results" / "speedrun.safetensors"
    if not path.is_file():
        net, accuracy = domain.train(images, display.reading, SECOND_STEPS, SECOND_SEED)
        path.parent.mkdir(parents=True, exist_ok=True)
        domain.save(path, net, images, accuracy)
    judges = Judges.of(images, path, display)
    display.close()
    return (
        path,
        judges.unit(),
        {
            "data": images.name,
            "fingerprint": images.fingerprint,
            "limit": settings.train.budget,
            "threads": settings.train.threads,
            "thresholds": list(THRESHOLDS),
            "validation_images": images.count(VALIDATION),
            "samples": judges.count,
            "test_images": judges.first.count,
            "first_features": judges.first.extractor.hash,
            "second_features": judges.second.extractor.hash,
        },
    )


def current(path: Path, protocol: Mapping[str, Any], rules: Rules) -> list[dict[str, Any]]:
    """Return the results of a file, without those whose entry has changed.

    Settings that change no model are not compared, nor those that are newer than the results.

    Raises:
        InputError: they have another protocol.
    """
    if not path.is_file():
        return []
    content = results.read(path)
    for key, value in protocol.items():
        if content["protocol"].get(key) != value:
            raise InputError(
                f"{path} has {key.replace('_', ' ')} {content['protocol'].get(key)!r}, not "
                f"{value!r}; use the same, or another --docs"
            )
    entries = {entry.name: entry for entry in ENTRIES}
    found = []
    for result in content["results"]:
        entry = entries.get(result["entry"])
        then = config.resolve([result["configuration"]], result["entry"])
        if entry and not entry.read(result["seed"], rules).differences(then):
            found.append(result)
        else:
            print(f"{result['entry']}, seed {result['seed']}: left out, the entry has changed")
    return found


def in_fresh_process(
    function: Callable[Given, Returned], *given: Given.args, **named: Given.kwargs
) -> Returned:
    """Call a function in a new process, which finds no compiled steps in its cache."""
    with (
        TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, {"TORCHINDUCTOR_CACHE_DIR": folder}),
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        return pool.submit(function, *given, **named).result()


def race(entry: BoardRow, seed: int, rules: Rules, second: Path) -> dict[str, Any]:
    """Train an entry with a seed, and return the result as the JSON has it."""
    settings = entry.read(seed, rules)
    with threads(settings.train.threads):
        return _race(entry, seed, settings, second)


def _race(entry: BoardRow, seed: int, settings: Settings, second: Path) -> dict[str, Any]:
    device = devices.choose(settings.train.device, settings.train.precision)
    reasons = [*device.reasons, *tune_cpu(device)]
    display = Display(quiet=True)
    images = session.load(settings.data, display)
    judges, products = Judges.of(images, second, display), Limit(device)
    nothing = torch.empty(0, dtype=torch.int64)
    unseen = {**images.splits, VALIDATION: nothing, TEST: nothing}  # by the trainer
    trainer = session.trainer_of(settings, replace(images, splits=unseen), device)
    rates = [products.rate(RATE_SECONDS)]
    found = timing.follow(trainer, judges, THRESHOLDS)
    rates.append(products.rate(RATE_SECONDS))
    return {
        "entry": entry.name,
        "seed": seed,
        "passed": {
            f"{threshold:g}": {**asdict(moment), **found.confirmed[threshold]}
            for threshold, moment in found.passed.items()
        },
        "curve": [asdict(moment) for moment in found.curve],
        "ended": found.ended,
        "gflops": [round(rate / 1e9, 1) for rate in rates],
        "configuration": settings.plain(),
        "notes": [*reasons, *trainer.notes],
        "hardware": hardware(),
        **measured(),
    }


if __name__ == "__main__":
    main()
