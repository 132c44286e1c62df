"""What models there are: their papers, what they can, their presets and what was measured."""

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from genmodels import config, construct
from genmodels.errors import InputError, nearest

MEASURED = "measured.json"  # beside the presets; benchmarks/families.py writes it
ABILITIES = {  # method → what a model that has it can
    "encode": "encodes",
    "log_weights": "likelihood",
    "realness": "discriminates",
}


@dataclass(frozen=True)
class Preset:
    """A configuration that comes with the package.

    Attributes:
        name: as ``--config`` takes it.
        model: its class.
        measured: numbers of a run of it, with their protocol; empty if there is none.
    """

    name: str
    model: str
    measured: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """A model.

    Attributes:
        name: its class.
        paper: the first sentence of what it says of itself.
        text: all of that.
        abilities: what it can, beyond generating.
        settings: with their defaults.
        presets: the configurations that have it.
    """

    name: str
    paper: str
    text: str
    abilities: list[str]
    settings: Mapping[str, Any]
    presets: list[Preset]


def models() -> list[Entry]:
    """Every model of the package."""
    presets = [_preset(name) for name in config.presets()]
    entries = []
    for name, paper, settings in construct.described(config.MODELS, config.GIVEN):
        kind = config.MODELS.classes()[name]
        abilities = [what for method, what in ABILITIES.items() if hasattr(kind, method)]
        if "conditional" in settings:
            abilities.append("labels")
        own = [preset for preset in presets if preset.model == name]
        entries.append(Entry(name, paper, inspect.getdoc(kind) or "", abilities, settings, own))
    return entries


def model(name: str) -> Entry:
    """One model by its class.

    Raises:
        InputError: there is none of that name.
    """
    found = {entry.name: entry for entry in models()}
    if name not in found:
        raise InputError(
            f"unknown model {name!r}{nearest(name, list(found))}; there are {', '.join(found)}"
        )
    return found[name]


def _preset(name: str) -> Preset:
    path = config.preset(name)
    assert path is not None
    spec = config.read(path).model
    return Preset(name, spec[construct.CLASS], _measured().get(name, {}))


@cache
def _measured() -> dict[str, Any]:
    path = config.preset(MEASURED)
    return json.loads(path.read_text(encoding="utf-8")) if path else {}
