"""The numbers that a setting may be.

An argument of a model or a network that is annotated with one of them is checked when the
configuration is read; to Python they are plain numbers.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
Several = Annotated[int, Field(ge=2)]
Whole = Annotated[int, Field(ge=0)]
Weight = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Rest = Annotated[float, Field(ge=0, lt=1)]  # a share that leaves something
Widths = Annotated[Sequence[Count], Field(min_length=1)]
