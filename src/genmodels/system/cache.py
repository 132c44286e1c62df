"""The folder of cached files: tables of pictures, features, downloads."""

from pathlib import Path

import platformdirs


def path(name: str = "") -> Path:
    """Return the cache folder of the user, or a place inside it; nothing is created."""
    return platformdirs.user_cache_path("genmodels") / name
