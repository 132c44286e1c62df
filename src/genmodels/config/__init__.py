"""Configurations: YAML, presets and options become typed, checked settings."""

from genmodels.config.reading import (
    GIVEN,
    MODELS,
    assignment,
    find_config,
    preset,
    presets,
    read,
    resolve,
    shift,
)

__all__ = [
    "GIVEN",
    "MODELS",
    "assignment",
    "find_config",
    "preset",
    "presets",
    "read",
    "resolve",
    "shift",
]
