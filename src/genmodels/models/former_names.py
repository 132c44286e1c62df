"""Former names of members and settings of models, which keep working for one version."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from genmodels.errors import renamed

RENAMED = {"held_out": "validation_metrics", "free": "adjustable", "known": "conditioning"}


class FormerAttribute:
    """An attribute of a class and of its instances under its former name, with a warning."""

    def __init__(self, former: str):
        self.former = former

    def __get__(self, instance: object, owner: type) -> Any:
        """Return the attribute's value under its new name."""
        new = RENAMED[self.former]
        warnings.warn(renamed([(f"Model.{self.former}", new)]), stacklevel=2)
        return getattr(owner if instance is None else instance, new)


class FormerNames:
    """A class whose subclasses may define or call members by their former names.

    Attributes:
        former_settings: (former name, name) of each setting that was renamed.
    """

    former_settings: ClassVar[Sequence[tuple[str, str]]] = ()
    free = FormerAttribute("free")

    def __init_subclass__(cls, **options: Any) -> None:
        """Give members that a subclass defines under a former name their new name too.

        One note names them all.
        """
        super().__init_subclass__(**options)
        former = [(old, new) for old, new in RENAMED.items() if old in vars(cls)]
        if former:
            pairs = [(f"{cls.__name__}.{old}", new) for old, new in former]
            warnings.warn(renamed(pairs), stacklevel=2)
        for old, new in former:
            if new not in vars(cls):
                setattr(cls, new, vars(cls)[old])

    def known(self, *inputs: Any) -> Any:
        """Call ``conditioning``, the new name of this method, with a warning."""
        return self._renamed("known")(self, *inputs)

    def held_out(self, *inputs: Any) -> Any:
        """Call ``validation_metrics``, the new name of this method, with a warning."""
        return self._renamed("held_out")(self, *inputs)

    def _renamed(self, old: str) -> Callable[..., Any]:
        """Return the method of the nearest class that defines it under its new name.

        A class that defines it under its former name is skipped: its method may have called
        this one. It has had its note when it was defined.
        """
        new = RENAMED[old]
        defined = [kind for kind in type(self).__mro__ if old in vars(kind)]
        if defined == [FormerNames]:
            warnings.warn(renamed([(f"Model.{old}", new)]), stacklevel=3)
        for kind in type(self).__mro__:
            if new in vars(kind) and kind not in defined:
                method: Callable[..., Any] = vars(kind)[new]
                return method
        raise AssertionError(f"no class has {new}")
