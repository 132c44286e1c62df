"""What models there are: their papers, what they can, their presets and what was measured."""

import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from genmodels import config
from genmodels.config import components, yaml12
from genmodels.errors import InputError, nearest

MEASURED = "measured.json"  # beside the presets; benchmarks/families.py writes it
BASE = "genmodels.models.base"  # imported late by name: configurations know no model


@dataclass(frozen=True)
class Preset:
    """A configuration that comes with the package.

    Attributes:
        name: as ``--config`` takes it.
        model: its class.
        measured: numbers of a run of it, with their protocol; empty if there is none.
        text: what it says: its own settings with their comments.
    """

    name: str
    model: str
    measured: Mapping[str, Any]
    text: str

    @property
    def scored(self) -> str:
        """Its name with its Fréchet distance and how that was measured."""
        if not self.measured:
            return self.name
        measured = self.measured
        return f"{self.name}  {measured['fd']:.3g} ({measured['data']}, {measured['budget']})"

    @property
    def page(self) -> str:
        """All that there is to say of it."""
        defaults = f"with all defaults: genmodels config {self.name}"
        return f"{self.scored}: a preset of {self.model}\n\n{self.text}\n{defaults}"


@dataclass(frozen=True)
class Entry:
    """A model.

    Attributes:
        name: its class.
        paper: the first sentence of what it says of itself.
        text: all of that.
        abilities: what it can, beyond generating.
        settings: with their defaults.
        choices: the words that settings accept, of those that name them.
        presets: the configurations that have it.
    """

    name: str
    paper: str
    text: str
    abilities: list[str]
    settings: Mapping[str, Any]
    choices: Mapping[str, list[str]]
    presets: list[Preset]

    @property
    def page(self) -> str:
        """All that there is to say of it."""
        settings = [self._setting(key, value) for key, value in self.settings.items()]
        presets = ", ".join(preset.name for preset in self.presets)
        end = f"Presets: {presets}" if presets else "No preset has it."
        head = f"{self.name}: {self.text}\n\nSettings and defaults:"
        return "\n".join([head, *settings, "", end])

    def _setting(self, key: str, value: Any) -> str:
        chosen = value.get(components.CLASS) if isinstance(value, Mapping) else value
        others = [word for word in self.choices.get(key, []) if word != chosen]
        comment = f"  # or {', '.join(others)}" if others else ""
        return f"    {key}: {yaml12.inline(value)}{comment}"


def models() -> list[Entry]:
    """Every model of the package."""
    presets = [_preset(name) for name in config.presets()]
    known = importlib.import_module(BASE).ABILITIES
    entries = []
    for name, paper, settings in components.described(config.MODELS, config.GIVEN):
        kind = config.MODELS.classes()[name]
        abilities = [ability.name for ability in known if ability.of(kind)]
        if "conditional" in settings:
            abilities.append("labels")
        own = [preset for preset in presets if preset.model == name]
        text, choices = inspect.getdoc(kind) or "", components.choices(name, config.MODELS)
        entries.append(Entry(name, paper, text, abilities, settings, choices, own))
    return entries


def find(name: str) -> Entry | Preset:
    """A model by its class, or a preset by its name with or without ``.yaml``, in letters of
    any case; a model goes before a preset.

    Raises:
        InputError: there is neither.
    """
    entries = models()
    named: dict[str, Entry | Preset] = {}
    for preset in (preset for entry in entries for preset in entry.presets):
        named |= {preset.name: preset, preset.name.removesuffix(".yaml"): preset}
    named |= {entry.name: entry for entry in entries}
    found = {key.lower(): value for key, value in named.items()}
    if name.lower() not in found:
        raise InputError(
            f"unknown model {name!r}{nearest(name, list(named))}; there are "
            f"{', '.join(entry.name for entry in entries)}, and their presets, which "
            "genmodels models lists"
        )
    return found[name.lower()]


def _preset(name: str) -> Preset:
    path = config.preset(name)
    assert path is not None
    spec = config.read(path).model
    text = path.read_text(encoding="utf-8")
    return Preset(name, spec[components.CLASS], _measured().get(name, {}), text)


@cache
def _measured() -> dict[str, Any]:
    path = config.preset(MEASURED)
    return json.loads(path.read_text(encoding="utf-8")) if path else {}
