"""``python -m studies.families``: train every preset for the same time, and measure it.

``train`` trains and measures presets one after the other, each once: a result lies in
``docs/results/models/`` as soon as it is there, and what has one with as many seeds is left out, so
the command may be stopped and given again; ``--set`` varies a preset. The rate of a preset's steps
is measured first, by its fastest stretch, and it is trained for the steps that fit into the time:
so work that begins on the machine later changes no model. The steps are kept, so seeds that are
trained later have them too. ``page`` writes ``docs/models.md`` from the results, the tables and
:mod:`what they teach <studies.lessons>`, and the scores that ``genmodels models`` shows.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import genmodels
from benchmarks.machine import hardware
from genmodels import api, config
from genmodels.comparison import measure
from genmodels.comparison.measure import Measurement
from genmodels.config import catalogue
from genmodels.console import Display
from genmodels.data import pictures
from genmodels.system import device as devices
from genmodels.system import files, tuning
from genmodels.system.provenance import measured
from genmodels.training import session
from genmodels.training.records import Progress
from studies import lessons, results, study, tables
from studies.command import command
from studies.lessons import Measured
from studies.results import DOCS

RESULTS, GRIDS = DOCS / "results" / "models", DOCS / "pictures" / "models"
SCORES = DOCS.parent / "configs" / catalogue.MEASURED
SHORT, DATA = lessons.BUDGET, "mnist"  # of every preset; others are for those that are named
# One processor core, and nothing compiled, so that equal steps take equal time from the first on.
ALONE: dict[str, Any] = {"train": {"threads": 1, "execution": "eager"}}
RATE_SECONDS = 8.0  # in which the rate of steps is measured
MARK = "<!-- what follows is written by: python -m studies.families page -->"
LEFT_OUT = "{} is left out, its preset has changed: {}"  # file, changes
SHOWN = 16  # images of a grid, in two rows
APART = "FD on other images or features: these numbers cannot be compared with those above."


@command
def main() -> None:
    """Train and measure, or write the page."""
    parser = argparse.ArgumentParser(prog="python -m studies.families", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    train = verbs.add_parser("train")
    train.add_argument("presets", nargs="*", default=None)
    train.add_argument("--budget", default=SHORT)
    train.add_argument("--seeds", type=int, default=1)
    train.add_argument("--data", default=DATA)
    train.add_argument("--set", dest="settings", action="append", default=[], metavar="K=V")
    train.add_argument("--runs", type=Path, default=Path("families"))
    verbs.add_parser("page")
    options = parser.parse_args()
    if options.verb == "page":
        write_page()
        return
    names = options.presets or config.presets()
    for number, name in enumerate(names, 1):
        path = result_path(name, options.data, options.budget, options.settings)
        found = results.read(path) if path.is_file() else None
        if found and (changed := changes(found)):
            print(LEFT_OUT.format(path.name, "; ".join(changed)))
            found = None
        if found and len(found["seeds"]) >= options.seeds:
            continue
        trained = options.runs / path.stem
        steps = found["configuration"]["train"]["steps"] if found else steps_of(name, options)
        print(f"{number} of {len(names)}: {name}, {steps:,} steps", flush=True)
        runs = [train_one(name, options, steps, s, trained) for s in range(options.seeds)]
        record(name, options, runs, path)


def result_path(name: str, data: str, budget: str, settings: Sequence[str]) -> Path:
    """Return the path of the result of a preset, or of a variation of it."""
    return RESULTS / f"{tables.stem(name, data, budget, settings)}.json"


def changes(result: Measured) -> list[str]:
    """Return what has changed in the preset of a result since it was measured, each as text."""
    now = api.config(result["preset"], settings=layers(result["settings"]), data=result["data"])
    return now.differences(config.resolve([result["configuration"]], result["preset"]))


def layers(settings: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return what lies over a preset: the given changes, and one core for all."""
    return [*(config.assignment(text) for text in settings), ALONE]


def steps_of(name: str, options: argparse.Namespace) -> int:
    """Return the steps of a preset, which are measured once and kept beside its runs.

    They are measured again if its settings have changed.
    """
    stem = tables.stem(name, options.data, options.budget, options.settings)
    kept = options.runs / f"{stem}-steps.json"
    settings = api.config(name, settings=layers(options.settings), data=options.data).plain()
    if kept.is_file():
        content = results.read(kept)
        if content["configuration"] == settings:
            return int(content["steps"])
    steps = steps_in(name, options)
    results.write(kept, {"steps": steps, "configuration": settings})
    return steps


def steps_in(name: str, options: argparse.Namespace) -> int:
    """Return how many steps a preset makes in the time, by the fastest stretch of a trial."""
    whole = api.config(name, budget=options.budget).train.budget
    assert whole is not None
    settings = api.config(
        name, settings=layers(options.settings), data=options.data,
        budget=f"{min(RATE_SECONDS, whole)}s",
    )  # fmt: skip
    device = devices.choose(settings.train.device, settings.train.precision)
    with tuning.threads(settings.train.threads):
        tuning.tune_cpu(device)
        display = Display(quiet=True)
        trainer = session.trainer_of(settings, session.load(settings.data, display), device)
        rates = [record.rate for record in trainer.records() if isinstance(record, Progress)]
    return max(1, round(max(rates) / settings.train.batch_size * whole))


def train_one(
    name: str, options: argparse.Namespace, steps: int, seed: int, out: Path
) -> genmodels.Run:
    """Train a preset, or resume its run."""
    out = out.with_name(f"{out.name}-seed-{seed}")
    return genmodels.train(
        name, settings=layers(options.settings), data=options.data, steps=steps, seed=seed,
        out=out, resume=out.exists(), quiet=True,
    )  # fmt: skip


def record(
    name: str, options: argparse.Namespace, runs: Sequence[genmodels.Run], path: Path
) -> None:
    """Measure the runs of a preset, and write the numbers and a grid of samples."""
    folders = [run.folder for run in runs]
    compared = measure.compare(
        folders, Measurement(10_000, ("auto",), 0), devices.choose(), Display(quiet=True)
    )
    (entry,) = compared.entries
    seeds = [
        {"seed": result.seed, **result.evaluation.numbers, **result.evaluation.measured}
        for result in entry.results
    ]
    content = {
        "preset": name,
        "settings": options.settings,
        "model": runs[0].settings.model["class"],
        "data": options.data,
        "budget": options.budget,
        "distance": compared.fd,
        "weights": entry.first.headline,
        "configuration": runs[0].settings.plain(),
        "seeds": seeds,
        "protocol": compared.protocol,
        "hardware": hardware(),
        **measured(),
    }
    results.write(path, content)
    GRIDS.mkdir(parents=True, exist_ok=True)
    shown = entry.first.weights[0].samples[:SHOWN]
    pictures.save_png(pictures.grid(shown, columns=SHOWN // 2), GRIDS / f"{path.stem}.png")


def write_page() -> None:
    """Write ``docs/models.md`` and the scores that the command line shows."""
    read = {path.name: results.read(path) for path in sorted(RESULTS.glob("*.json"))}
    changed = {name: found for name, result in read.items() if (found := changes(result))}
    for name, found in changed.items():
        print(LEFT_OUT.format(name, "; ".join(found)))
    current = [result for name, result in read.items() if name not in changed]
    shown, apart = tables.by_yardstick(current)
    varied = [r for r in shown if r["settings"]]
    short = [r for r in shown if r["budget"] == SHORT and r not in varied]
    longer = [r for r in shown if r not in short and r not in varied]
    page = DOCS / "models.md"
    parts = [page.read_text(encoding="utf-8").partition(MARK)[0] + MARK]
    taught = lessons.lessons(lessons.Results(current, _studies()))
    parts += ["## What it teaches", "\n".join(taught)]
    parts += ["## Every preset", tables.table(short, SHORT, DATA)]
    if missing := set(config.presets()) - {r["preset"] for r in current if r["budget"] == SHORT}:
        parts.append(f"Not measured: {', '.join(sorted(missing))}.")
    if longer:
        parts += ["## Longer, with seeds", tables.table(longer, SHORT, DATA)]
    if varied:
        parts += ["## Variations", tables.table(varied, SHORT, DATA)]
    parts.append(tables.protocol(shown))
    for group in apart:
        parts += [
            f"## With {tables.images(group[0])}",
            APART,
            tables.table(group, SHORT, DATA),
            tables.protocol(group),
        ]
    files.write(page, ("\n\n".join(parts) + "\n").encode())
    others = [r for group in apart for r in group if not r["settings"] and r["data"] == DATA]
    scores = {r["preset"]: _score(r) for r in [*short, *others] if r["budget"] == SHORT}
    results.write(SCORES, scores)


def _studies() -> dict[str, Any]:
    """Return the parts of the study that are measured with the present presets."""
    found = {}
    for part in study.PARTS:
        if part.result.is_file() and not part.changes():
            found[part.name] = results.read(part.result)
    return found


def _score(result: Measured) -> dict[str, Any]:
    found = {
        "fd": round(tables.median(result, result["distance"]), 4),
        "distance": result["distance"],
    }
    kept = {key: result[key] for key in ("budget", "weights")}
    return {**found, "data": tables.images(result), **kept, "seeds": len(result["seeds"])}


if __name__ == "__main__":
    main()
