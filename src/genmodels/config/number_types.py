"""The numbers that a setting may be, and the words where a table lists them.

An argument of a model or a network that is annotated with one of them is checked when the
configuration is read; to Python they are plain numbers and words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

Count = Annotated[int, Field(ge=1)]
Several = Annotated[int, Field(ge=2)]
Whole = Annotated[int, Field(ge=0)]
Weight = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Rest = Annotated[float, Field(ge=0, lt=1)]  # a share that leaves something
Widths = Annotated[Sequence[Count], Field(min_length=1)]


@dataclass(frozen=True)
class KeyOf:
    """The mark of a setting that is a key of a table, as in ``Annotated[str, KeyOf(TABLE)]``.

    It is checked like a ``Literal`` of the keys that the table has at that moment.
    """

    table: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """The schema of the ``Literal``."""
        return handler.generate_schema(Literal.__getitem__(tuple(self.table)))
