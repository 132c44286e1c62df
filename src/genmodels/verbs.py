"""The former place of :mod:`genmodels.api`; it works for one more version."""

import warnings
from typing import Any

from genmodels import api
from genmodels.errors import Note

warnings.warn(Note("genmodels.verbs is called genmodels.api now; import that"), stacklevel=2)


def __getattr__(name: str) -> Any:
    return getattr(api, name)
