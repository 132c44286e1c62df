"""Settings that a user gives over a configuration, and the messages that name what was given."""

import re
from collections.abc import Mapping, Sequence
from typing import Any


class Layer(dict[str, Any]):
    """Nested settings that a user gave over a configuration.

    Args:
        settings: the nested settings.
        options: dotted key → the option that gave it. Other keys were given by ``settings``.
    """

    def __init__(self, settings: Mapping[str, Any], options: Mapping[str, str] | None = None):
        super().__init__(settings)
        self.options = options or {}


def prefix(layer: Mapping[str, Any], origin: str) -> str:
    """Return the beginning of a message about a key of a layer; ``origin`` names the file."""
    return "`settings` " if isinstance(layer, Layer) else f"{origin}: "


def message(
    problems: Sequence[str],
    layers: Sequence[Mapping[str, Any]],
    present: Sequence[Mapping[str, Any]],
    origin: str,
) -> list[str]:
    """Return the lines of the message for problems of a configuration.

    Args:
        problems: one or more lines, each of which begins with its key.
        layers: the layer of the file, then those of the user, as they were given.
        present: the same layers under the present names of settings.
        origin: the name of the configuration.
    """
    sources = [_source(problem, layers, present) for problem in problems]
    if len(problems) == 1:
        return [_line(problems[0], sources[0], origin)]
    if not any(isinstance(source, Layer) for source in sources):
        return [f"{origin} has {len(problems)} problems:", *problems]
    lines = [_line(*pair, origin) for pair in zip(problems, sources, strict=True)]
    return [f"there are {len(lines)} problems:", *lines]


def _source(
    problem: str, layers: Sequence[Mapping[str, Any]], present: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Return the layer that gave the key of a problem; if none did, the first, the file."""
    pairs = zip(layers, present, strict=True)
    return [layers[0], *(layer for layer, named in pairs if _gives(named, _key(problem)))][-1]


def _line(problem: str, source: Mapping[str, Any], origin: str) -> str:
    """Return a problem with the option that gave its key, or with the configuration's name."""
    key = _key(problem)
    option = source.options.get(key) if isinstance(source, Layer) else None
    return f"`{option}`{problem[len(key) :]}" if option else prefix(source, origin) + problem


def _key(problem: str) -> str:
    """Return the dotted key that a problem begins with."""
    found = re.match(r"[^\s:]*", problem)
    return found[0] if found else ""


def _gives(settings: Any, key: str) -> bool:
    """Return whether nested settings have a key, or a plain value instead of its section."""
    for name in key.split("."):
        if not isinstance(settings, Mapping):
            return True
        if name not in settings:
            return False
        settings = settings[name]
    return True
