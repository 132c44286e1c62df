"""The former place of :mod:`genmodels.config.number_types`; it works for one more version."""

import warnings

from genmodels.config.number_types import Count as Count
from genmodels.config.number_types import Fraction as Fraction
from genmodels.config.number_types import NonNegative as Whole
from genmodels.config.number_types import Positive as Positive
from genmodels.config.number_types import Several as Several
from genmodels.config.number_types import Share as Rest
from genmodels.config.number_types import Weight as Weight
from genmodels.config.number_types import Widths as Widths
from genmodels.errors import Note

__all__ = ["Count", "Fraction", "Positive", "Rest", "Several", "Weight", "Whole", "Widths"]

warnings.warn(
    Note("genmodels.ranges is called genmodels.config.number_types now; import that"), stacklevel=2
)
