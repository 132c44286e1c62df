"""``python -m studies.families``: train every preset for the same time, and measure it.

``train`` trains and measures presets one after the other, each once: a result lies in
``docs/results/models/`` as soon as it is there, and what has one is left out, so the command
may be stopped and given again; ``--set`` varies a preset. The rate of a preset's steps is measured
first, by its fastest stretch, and it is trained for the steps that fit into the time: so work that
begins on the machine later changes no model. ``page`` writes ``docs/models.md`` from the results,
the tables and :mod:`what they teach <studies.lessons>`, and the scores that ``genmodels models``
shows.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import torch

import genmodels
from benchmarks.machine import hardware
from genmodels import api, config
from genmodels.comparison import measure
from genmodels.config import catalogue
from genmodels.console import Display
from genmodels.data import pictures
from genmodels.evaluation.features import domain
from genmodels.models.base import Pixels
from genmodels.system import device as devices
from genmodels.system import tuning
from genmodels.system.provenance import measured
from genmodels.training import session
from genmodels.training.records import Progress
from studies import lessons, study
from studies.lessons import Measured

DOCS = Path(__file__).parents[1] / "docs"
RESULTS, GRIDS = DOCS / "results" / "models", DOCS / "pictures" / "models"
SCORES = Path(__file__).parents[1] / "configs" / catalogue.MEASURED
SHORT, DATA = lessons.BUDGET, "mnist"  # of every preset; others are for those that are named
# One processor core, and nothing compiled, so that equal steps take equal time from the first on.
ALONE: dict[str, Any] = {"train": {"threads": 1, "execution": "eager"}}
RATE_SECONDS = 8.0  # in which the rate of steps is measured
MARK = "<!-- what follows is written by: python -m studies.families page -->"
SHOWN = 16  # images of a grid, in two rows
COLUMNS = {  # number → heading and digits
    "kid": ("KID", 4),
    "density": ("density", 2),
    "coverage": ("coverage", 2),
    "modes": ("modes", 0),
    "class_kl": ("class KL", 3),
    "rarest_class": ("rarest class", 2),
}
APART = "FD on other images or features: these numbers cannot be compared with those above."
BOUNDS = [f"nll_{pixels}_{how}" for pixels in get_args(Pixels) for how in ("exact", "iwae_100")]


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
        if path.is_file():
            continue
        steps = steps_in(name, options)
        print(f"{number} of {len(names)}: {name}, {steps:,} steps", flush=True)
        trained = options.runs / path.stem
        runs = [train_one(name, options, steps, s, trained) for s in range(options.seeds)]
        record(name, options, runs, path)


def result_path(name: str, data: str, budget: str, settings: Sequence[str]) -> Path:
    """Return the path of the result of a preset, or of a variation of it."""
    parts = [name.removesuffix(".yaml"), data, budget, *settings]
    return RESULTS / (re.sub(r"[^\w.-]+", "-", "-".join(parts)) + ".json")


def layers(settings: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return what lies over a preset: the given changes, and one core for all."""
    return [*(config.assignment(text) for text in settings), ALONE]


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
    compared = measure.compare(folders, 10_000, ["auto"], 0, Display(quiet=True), devices.choose())
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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    GRIDS.mkdir(parents=True, exist_ok=True)
    shown = entry.first.weights[0].samples[:SHOWN]
    pictures.save_png(pictures.grid(shown, columns=SHOWN // 2), GRIDS / f"{path.stem}.png")


def write_page() -> None:
    """Write ``docs/models.md`` and the scores that the command line shows."""
    found = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))
    ]
    current = [result for result in found if _current(result)]
    results, apart = _by_yardstick(current)
    varied = [r for r in results if r["settings"]]
    short = [r for r in results if r["budget"] == SHORT and r not in varied]
    longer = [r for r in results if r not in short and r not in varied]
    page = DOCS / "models.md"
    parts = [page.read_text(encoding="utf-8").partition(MARK)[0] + MARK]
    taught = lessons.lessons(lessons.Results(current, _studies()))
    parts += ["## What it teaches", "\n".join(taught)]
    parts += ["## Every preset", _table(short)]
    if missing := set(config.presets()) - {r["preset"] for r in current if r["budget"] == SHORT}:
        parts.append(f"Not measured: {', '.join(sorted(missing))}.")
    if longer:
        parts += ["## Longer, with seeds", _table(longer)]
    if varied:
        parts += ["## Variations", _table(varied)]
    parts.append(_protocol(results))
    for group in apart:
        parts += [f"## With {_images(group[0])}", APART, _table(group), _protocol(group)]
    page.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    others = [r for group in apart for r in group if not r["settings"] and r["data"] == DATA]
    scores = {r["preset"]: _score(r) for r in [*short, *longer, *others]}
    SCORES.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")


def _by_yardstick(results: Sequence[Measured]) -> tuple[list[Measured], list[list[Measured]]]:
    """The results that most have been measured as, and groups of others: distances of other
    images or features say nothing beside each other."""
    groups: dict[tuple[str, str], list[Measured]] = {}
    for result in results:
        protocol = result["protocol"]
        key = (protocol["fingerprint"], protocol["features_hash"])
        groups.setdefault(key, []).append(result)
    first, *others = sorted(groups.values(), key=len, reverse=True) or [[]]
    return first, others


def _images(result: Measured) -> str:
    """Return the name and size of a result's images."""
    size = result["configuration"]["data"]["image_size"]
    return result["data"] + (f" at {size}x{size}" if size else "")


def _studies() -> dict[str, Any]:
    """Return the parts of the study that are measured with the present presets."""
    found = {}
    for part in study.PARTS:
        if part.result.is_file() and not part.changes():
            found[part.name] = json.loads(part.result.read_text(encoding="utf-8"))
    return found


def _current(result: Measured) -> bool:
    """Return whether a result is of the present preset; print it if not."""
    now = api.config(result["preset"], settings=layers(result["settings"]), data=result["data"])
    changed = now.differences(config.resolve([result["configuration"]], result["preset"]))
    if changed:
        name = result_path(*(result[key] for key in ("preset", "data", "budget", "settings"))).name
        print(f"{name} is left out, its preset has changed: {'; '.join(changed)}")
    return not changed


def _score(result: Measured) -> dict[str, Any]:
    found = {"fd": round(_median(result, result["distance"]), 4), "distance": result["distance"]}
    kept = {key: result[key] for key in ("budget", "weights")}
    return {**found, "data": _images(result), **kept, "seeds": len(result["seeds"])}


def _median(result: Measured, name: str) -> float:
    values = [seed[name] for seed in result["seeds"] if name in seed]
    return float(torch.tensor(values, dtype=torch.float64).median()) if values else float("nan")


def _table(results: Sequence[Measured]) -> str:
    """Return the table of results, lowest FD first."""
    headings = ["preset", "model", "FD", *(heading for heading, _ in COLUMNS.values()), "nats",
                "images/s", ""]  # fmt: skip
    rows = [headings, ["---"] * len(headings)]
    for result in sorted(results, key=lambda r: _median(r, r["distance"])):
        asked = [result[key] for key in ("preset", "data", "budget", "settings")]
        shown = _spread(result) if len(result["seeds"]) > 1 else ""
        distance = f"{_median(result, result['distance']):.3g}{shown}"
        if result["budget"] != SHORT:
            distance += f" ({result['budget']})"
        numbers = [_number(_median(result, name), digits) for name, (_, digits) in COLUMNS.items()]
        rate = f"{_median(result, 'training_images_per_second'):,.0f}"
        picture = f"![samples](pictures/models/{result_path(*asked).stem}.png)"
        rows.append([_named(result), result["model"], distance, *numbers, _nats(result), rate,
                     picture])  # fmt: skip
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _named(result: Measured) -> str:
    other = [] if result["data"] == DATA else [f"data={result['data']}"]
    return "<br>".join([result["preset"], *other, *result["settings"]])


def _spread(result: Measured) -> str:
    values = [seed[result["distance"]] for seed in result["seeds"]]
    return f" ({min(values):.3g} to {max(values):.3g})"


def _nats(result: Measured) -> str:
    for name in BOUNDS:
        if name in result["seeds"][0]:
            return f"{_median(result, name):,.1f} {name.removeprefix('nll_').replace('_', ' ')}"
    return "—"


def _number(value: float, digits: int) -> str:
    return "—" if value != value else f"{value:.{digits}f}"


def _machine(hardware: Mapping[str, Any]) -> str:
    torch_version = hardware["versions"]["torch"]
    return f"{hardware['processor']}, {hardware['threads']} threads, torch {torch_version}"


def _protocol(results: Sequence[Measured]) -> str:
    if not results:
        return "No result yet."
    protocol = results[0]["protocol"]
    machines = {_machine(result["hardware"]) for result in results}
    return (
        f"Measured on {' and '.join(sorted(machines))}; features {protocol['features']} "
        f"({domain.described(protocol['features_hash'])}), {protocol['generated_images']:,} "
        f"samples beside {protocol['real_images']:,} test images. Times are of training on one "
        "core; one seed unless a range is given, whose number is the median."
    )


if __name__ == "__main__":
    main()
