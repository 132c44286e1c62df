"""The base of all sections of settings, and the mark of settings that may change on resuming."""

from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

# A setting that does not change the trained model, so a resumed run may have another value.
ADJUSTABLE = "adjustable"
Kind = TypeVar("Kind")
Adjustable = Annotated[Kind, ADJUSTABLE]


class Section(BaseModel):
    """A section of settings. Unknown keys and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def is_adjustable(field: FieldInfo) -> bool:
    """Return whether a setting may change when a run is resumed."""
    return ADJUSTABLE in field.metadata
