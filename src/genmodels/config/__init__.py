"""Configurations: YAML, presets and options become typed, checked settings."""

from genmodels.config.reading import (
    GIVEN,
    MODELS,
    OVERRIDES,
    assignment,
    find_config,
    overrides,
    preset,
    presets,
    read,
    resolve,
    shift,
)

__all__ = [
    "GIVEN",
    "MODELS",
    "OVERRIDES",
    "assignment",
    "find_config",
    "overrides",
    "preset",
    "presets",
    "read",
    "resolve",
    "shift",
]
