"""Types of the values that settings accept.

An argument of a model or a network that is annotated with one of them is checked when the
configuration is read. In Python they are plain numbers and strings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

Json = JsonValue  # whatever YAML and JSON can hold: settings of classes not known here
LARGEST = 2**31 - 1  # so that products of two fit the 64 bits of a tensor's sizes
Count = Annotated[int, Field(ge=1, le=LARGEST)]
Several = Annotated[int, Field(ge=2, le=LARGEST)]
NonNegative = Annotated[int, Field(ge=0, le=LARGEST)]
Weight = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, lt=1)]  # below 1, so that not everything is dropped
Widths = Annotated[Sequence[Count], Field(min_length=1)]


@dataclass(frozen=True, eq=False)  # a table has no hash
class KeyOf:
    """An annotation of settings that are a key of a table: ``Annotated[str, KeyOf(TABLE)]``.

    It is checked like a ``Literal`` of the keys that the table has at the time of the check.
    """

    table: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Return the schema of the ``Literal``."""
        return handler.generate_schema(Literal.__getitem__(tuple(self.table)))
