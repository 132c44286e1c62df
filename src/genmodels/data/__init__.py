"""Data sets, by name or from a folder, as :class:`~genmodels.data.images.Images`."""

from genmodels.data.loading import default_root, load, names, sets
from genmodels.data.sources import Listed

__all__ = ["Listed", "default_root", "load", "names", "sets"]
