"""Tables of measured presets for ``docs/models.md``, and how they were measured."""

import math
import re
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from genmodels.models.base import Pixels
from genmodels.report import markdown
from studies.lessons import Measured

COLUMNS = {  # number → heading and digits
    "kid": ("KID", 4),
    "density": ("density", 2),
    "coverage": ("coverage", 2),
    "modes": ("modes", 0),
    "class_kl": ("class KL", 3),
    "rarest_class": ("rarest class", 2),
}
FORMER = {  # hash → what a network of the features' former protocol was trained on
    "e5ad29a440f9c13a": "trained on mnist",
    "8f82c2c1bca18482": "trained on mnist at 64x64",
    "c81b86f96aa51872": "trained on glyphs",
}
BOUNDS = [f"nll_{pixels}_{how}" for pixels in get_args(Pixels) for how in ("exact", "iwae_100")]


def stem(name: str, data: str, budget: str, settings: Sequence[str]) -> str:
    """Return the name of the files of a preset, or of a variation of it, without their ending."""
    parts = [name.removesuffix(".yaml"), data, budget, *settings]
    return re.sub(r"[^\w.-]+", "-", "-".join(parts))


def by_yardstick(results: Sequence[Measured]) -> tuple[list[Measured], list[list[Measured]]]:
    """Return the largest group of results with equal images and features, and the other groups."""
    groups: dict[tuple[str, str], list[Measured]] = {}
    for result in results:
        protocol = result["protocol"]
        key = (protocol["fingerprint"], protocol["features_hash"])
        groups.setdefault(key, []).append(result)
    first, *others = sorted(groups.values(), key=len, reverse=True) or [[]]
    return first, others


def images(result: Measured) -> str:
    """Return the name and size of a result's images."""
    size = result["configuration"]["data"]["image_size"]
    return result["data"] + (f" at {size}x{size}" if size else "")


def median(result: Measured, name: str) -> float:
    """Return the median of a number over the seeds, NaN if none has it."""
    values = [seed[name] for seed in result["seeds"] if name in seed]
    return float(statistics.median(values)) if values else math.nan


def table(results: Sequence[Measured], budget: str, data: str) -> str:
    """Return the table of results, lowest FD first.

    Args:
        results: of presets.
        budget, data: those that a row need not name.
    """
    headings = ["preset", "model", "FD", *(heading for heading, _ in COLUMNS.values()), "nats",
                "images/s", ""]  # fmt: skip
    rows = [headings]
    for result in sorted(results, key=lambda r: median(r, r["distance"])):
        asked = [result[key] for key in ("preset", "data", "budget", "settings")]
        shown = _spread(result) if len(result["seeds"]) > 1 else ""
        distance = f"{median(result, result['distance']):.3g}{shown}"
        if result["budget"] != budget:
            distance += f" ({result['budget']})"
        numbers = [_number(median(result, name), digits) for name, (_, digits) in COLUMNS.items()]
        rate = f"{median(result, 'training_images_per_second'):,.0f}"
        picture = f"![samples](pictures/models/{stem(*asked)}.png)"
        rows.append([_named(result, data), result["model"], distance, *numbers, _nats(result), rate,
                     picture])  # fmt: skip
    return markdown.table(rows)


def _named(result: Measured, data: str) -> str:
    other = [] if result["data"] == data else [f"data={result['data']}"]
    return "<br>".join([result["preset"], *other, *result["settings"]])


def _spread(result: Measured) -> str:
    values = [seed[result["distance"]] for seed in result["seeds"]]
    return f" ({min(values):.3g} to {max(values):.3g})"


def _nats(result: Measured) -> str:
    for name in BOUNDS:
        if name in result["seeds"][0]:
            return f"{median(result, name):,.1f} {name.removeprefix('nll_').replace('_', ' ')}"
    return "—"


def _number(value: float, digits: int) -> str:
    return "—" if value != value else f"{value:.{digits}f}"


def _machine(hardware: Mapping[str, Any]) -> str:
    torch_version = hardware["versions"]["torch"]
    return f"{hardware['processor']}, {hardware['threads']} threads, torch {torch_version}"


def described(features: str) -> str:
    """Return words for the features of a result: whether they are of the former protocol.

    Args:
        features: their hash.
    """
    former = FORMER.get(features)
    return f"{features}, domain features of the former protocol, {former}" if former else features


def protocol(results: Sequence[Measured]) -> str:
    """Return how and on which machines results of one protocol were measured."""
    if not results:
        return "No result yet."
    protocol = results[0]["protocol"]
    machines = {_machine(result["hardware"]) for result in results}
    return (
        f"Measured on {' and '.join(sorted(machines))}; features {protocol['features']} "
        f"({described(protocol['features_hash'])}), {protocol['generated_images']:,} "
        f"samples beside {protocol['real_images']:,} test images. Times are of training on one "
        "core; one seed unless a range is given, whose number is the median."
    )
