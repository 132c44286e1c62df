"""Every verb as a function, and :class:`Run`."""

from genmodels.api.comparing import compare
from genmodels.api.verbs import Run, interpolate, load, replay, sample, train, verify

__all__ = ["Run", "compare", "interpolate", "load", "replay", "sample", "train", "verify"]
