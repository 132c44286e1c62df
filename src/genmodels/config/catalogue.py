"""The catalogue of models: their papers, abilities, presets and measured results."""

import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypedDict

from genmodels import config
from genmodels.config import components, yaml12
from genmodels.config.number_types import Json
from genmodels.errors import InputError, nearest

MEASURED = "measured.json"  # beside the presets; written by studies/families.py
BASE = "genmodels.models.base"  # imported by name when needed: this room is below the models


class PresetScore(TypedDict, total=False):
    """Results of one training of a preset; empty if there are none.

    Attributes:
        fd: the Fréchet distance.
        distance: its key, which says by which features.
        data: the data set.
        budget: the time of the training, such as ``90s``.
        weights: the weights that were measured, ``ema`` or ``last``.
        seeds: the number of seeds.
    """

    fd: float
    distance: str
    data: str
    budget: str
    weights: str
    seeds: int


@dataclass(frozen=True, repr=False)
class Preset:
    """A configuration that comes with the package.

    Attributes:
        name: such as ``vae.yaml``.
        model: the model's class.
        measured: results of one training; empty if there are none.
        text: the text of its file: the settings that differ from the defaults, with comments.
    """

    name: str
    model: str
    measured: PresetScore
    text: str

    def __repr__(self) -> str:
        return f"<Preset {self.name}: {self.model}>"

    @property
    def scored(self) -> str:
        """The preset's name, then its measured Fréchet distance, data set and budget, if any."""
        if not self.measured:
            return self.name
        measured = self.measured
        return f"{self.name}  {measured['fd']:.3g} ({measured['data']}, {measured['budget']})"

    @property
    def page(self) -> str:
        """The description that ``genmodels models`` prints."""
        defaults = f"with all defaults: genmodels config {self.name}"
        return f"{self.scored}: a preset of {self.model}\n\n{self.text}\n{defaults}"


@dataclass(frozen=True, repr=False)
class ModelInfo:
    """The description of a model.

    Attributes:
        name: the model's class.
        paper: the first paragraph of the class's docstring.
        text: the complete docstring.
        abilities: what it can do besides generating images.
        settings: its settings, with their defaults.
        choices: the words that a setting accepts, for settings that accept words.
        presets: the configurations of this model.
    """

    name: str
    paper: str
    text: str
    abilities: list[str]
    settings: Mapping[str, Json]
    choices: Mapping[str, list[str]]
    presets: list[Preset]

    def __repr__(self) -> str:
        return (
            f"<ModelInfo {self.name}: {len(self.settings)} settings, {len(self.presets)} presets>"
        )

    @property
    def page(self) -> str:
        """The description that ``genmodels models`` prints."""
        settings = [self._setting(key, value) for key, value in self.settings.items()]
        presets = ", ".join(preset.name for preset in self.presets)
        end = f"Presets: {presets}" if presets else "No preset has it."
        head = f"{self.name}: {self.text}\n\nSettings and defaults:"
        return "\n".join([head, *settings, "", end])

    def _setting(self, key: str, value: Json) -> str:
        chosen = value.get(components.CLASS) if isinstance(value, Mapping) else value
        others = [word for word in self.choices.get(key, []) if word != chosen]
        comment = f"  # or {', '.join(others)}" if others else ""
        return f"    {key}: {yaml12.inline(value)}{comment}"


def models() -> list[ModelInfo]:
    """Return descriptions of all models of the package, sorted by name."""
    presets = [_preset(name) for name in config.presets()]
    all_abilities = importlib.import_module(BASE).ABILITIES
    entries = []
    for name, paper, settings in components.described(config.MODELS, config.GIVEN):
        kind = config.MODELS.classes()[name]
        abilities = [ability.name for ability in all_abilities if ability.of(kind)]
        if "conditional" in settings:
            abilities.append("labels")
        of_model = [preset for preset in presets if preset.model == name]
        text, choices = inspect.getdoc(kind) or "", components.choices(name, config.MODELS)
        entries.append(ModelInfo(name, paper, text, abilities, settings, choices, of_model))
    return sorted(entries, key=lambda entry: entry.name.lower())


def describe(name: str) -> ModelInfo | Preset:
    """Return the description of a model, or of a preset.

    Args:
        name: a model's class, or a preset's name with or without ``.yaml``. Case does not
            matter. If both exist, the model is returned.

    Raises:
        InputError: there is neither.
    """
    entries = models()
    named: dict[str, ModelInfo | Preset] = {}
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
    return Preset(name, str(spec[components.CLASS]), _measured().get(name, {}), text)


@cache
def _measured() -> dict[str, PresetScore]:
    path = config.preset(MEASURED)
    return json.loads(path.read_text(encoding="utf-8")) if path else {}
