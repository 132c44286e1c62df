"""Data sets, by name or from a folder, as :class:`~genmodels.data.images.Images`."""

from genmodels.data.loading import Kind, default_root, kind_of, load, loaded_name, names, sets
from genmodels.data.sources import Listed

__all__ = ["Kind", "Listed", "default_root", "kind_of", "load", "loaded_name", "names", "sets"]
