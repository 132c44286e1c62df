"""Former names of settings, which keep working with a note."""

import warnings
from collections.abc import Mapping
from typing import Any

from genmodels.config.layers import prefix
from genmodels.errors import InputError, Note

RENAMED = {"train.average": "ema"}  # former key → its name in the same section


def replaced(given: Mapping[str, Any], origin: str, notes: bool = True) -> Mapping[str, Any]:
    """Return a layer of a configuration with the present names of its settings.

    Args:
        given: the layer, nested settings.
        origin: the name of the configuration in messages.
        notes: warn about every former name with a :class:`~genmodels.errors.Note`.

    Raises:
        InputError: a setting is given under both names.
    """
    layer = given
    for key, name in RENAMED.items():
        section_name, _, former = key.partition(".")
        section = layer.get(section_name)
        if not isinstance(section, Mapping) or former not in section:
            continue
        new = f"{section_name}.{name}"
        if name in section:
            raise InputError(
                f"{prefix(given, origin)}`{key}` is the former name of `{new}`; give one of them"
            )
        if notes and section[former] is not None:  # as saved configurations have it
            message = f"{prefix(given, origin)}`{key}` is called `{new}` now; write `{new}` instead"
            warnings.warn(Note(message), stacklevel=4)
        renamed = {name if word == former else word: section[word] for word in section}
        layer = {**layer, section_name: renamed}
    return layer
