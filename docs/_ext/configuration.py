"""The configuration as Markdown: every key of the settings, every model and every network."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from described import accepted, arguments, entry, summary
from pydantic import BaseModel
from sphinx.pycode import ModuleAnalyzer

from genmodels import config, networks
from genmodels.config import catalogue, data_settings, yaml12
from genmodels.config import settings as sections
from genmodels.config.catalogue import ModelInfo
from genmodels.config.section import is_adjustable


def settings() -> str:
    """Return an entry for each key of a configuration, section by section."""
    meanings = {
        key: " ".join(lines).strip()
        for module in (data_settings, sections)
        for key, lines in ModuleAnalyzer.for_module(module.__name__).find_attr_docs().items()
    }
    return "\n\n".join(_section(sections.Settings, "", meanings))


def _section(kind: type[BaseModel], path: str, meanings: Mapping[Any, str]) -> Iterator[str]:
    """Yield the entries of a section, then the sections that it contains."""
    contained = []
    for name, field in kind.model_fields.items():
        key, default = f"{path}{name}", field.get_default()
        words, meaning = accepted(field.annotation, field.metadata), meanings[kind.__name__, name]
        if section := _section_of(field.annotation):
            contained.append((key, section))
            words, meaning = "section", f"{meaning} Its keys: [{key}](#{_anchor(key)})."
        if is_adjustable(field):
            meaning += " It may change when a run is resumed."
        unsaid = section is None and default is not None and not field.is_required()
        yield entry(key, words, yaml12.inline(default) if unsaid else None, meaning)
    for key, section in contained:
        yield f"({_anchor(key)})=\n## {key}\n\n{inspect.getdoc(section)}"
        yield from _section(section, f"{key}.", meanings)


def _anchor(key: str) -> str:
    return f"{key.replace('.', '-')}-settings"


def _section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the section class in an annotation; None if there is none."""
    kinds = [annotation, *get_args(annotation)]
    found = [kind for kind in kinds if inspect.isclass(kind) and issubclass(kind, BaseModel)]
    return found[0] if found and not hasattr(annotation, "keys") else None


def models() -> str:
    """Return a section for each model: its paper, its settings, its presets."""
    return "\n\n".join(_model(model) for model in catalogue.models())


def _model(model: ModelInfo) -> str:
    kind = config.MODELS.classes()[model.name]
    parts = [f"## {model.name}", summary(model.text)]
    if model.abilities:
        parts.append(f"Abilities: {', '.join(model.abilities)}.")
    if model.presets:
        parts.append(f"Presets: {', '.join(f'`{preset.name}`' for preset in model.presets)}.")
    meanings = arguments(model.text)
    for name, words in _types(kind, model.choices).items():
        if name in model.settings:
            shown = yaml12.inline(model.settings[name])
            parts.append(entry(name, words, shown, meanings.get(name, ""), listed=False))
    return "\n\n".join(parts)


def networks_() -> str:
    """Return a section for each network that a configuration can describe."""
    choices = [words for model in catalogue.models() for words in model.choices.values()]
    named = [name for name in networks.__all__ if any(name in words for words in choices)]
    return "\n\n".join(_network(getattr(networks, name)) for name in named)


def _network(kind: type) -> str:
    text = inspect.getdoc(kind) or ""
    meanings, types = arguments(text), _types(kind, {})
    parts = [f"## {kind.__name__}", summary(text)]
    for name, parameter in inspect.signature(kind).parameters.items():
        plain = isinstance(parameter.default, bool | int | float | str | tuple)
        shown = yaml12.inline(parameter.default) if plain else None
        parts.append(entry(name, types[name], shown, meanings.get(name, ""), listed=False))
    return "\n\n".join(parts)


def _types(kind: type, choices: Mapping[str, list[str]]) -> dict[str, str]:
    """Return what each argument of a class accepts, in words."""
    parameters = inspect.signature(kind, eval_str=True).parameters
    return {
        name: accepted(parameter.annotation, classes=choices.get(name, ()))
        for name, parameter in parameters.items()
    }
