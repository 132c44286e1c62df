"""What a class's constructor accepts: its arguments, their types, and the classes among them."""

import importlib
import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from inspect import Parameter
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from genmodels.config import custom_code
from genmodels.errors import InputError

CLASS = "class"  # the key of a component's class in its mapping
UNNAMED = (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class ClassPlace:
    """A package in which classes are looked up.

    Attributes:
        package: its dotted name.
        protocol: the class or protocol that they must satisfy, or its name in the package.
    """

    package: str
    protocol: type | str = object

    def accepts(self, kind: type) -> bool:
        """Return whether a class satisfies the protocol."""
        wanted = self.protocol
        if isinstance(wanted, str):
            wanted = getattr(importlib.import_module(self.package), wanted)
        assert isinstance(wanted, type)
        return issubclass(kind, wanted)

    def classes(self) -> dict[str, type]:
        """Return the concrete public classes by name, in the order of ``__all__``."""
        package = importlib.import_module(self.package)
        public = {name: getattr(package, name) for name in package.__all__}
        return {
            name: value
            for name, value in public.items()
            if inspect.isclass(value)
            and not inspect.isabstract(value)
            and not is_protocol(value)
            and self.accepts(value)
        }


def parameters(found: type, given: Sequence[str] = ()) -> dict[str, Parameter]:
    """Return the arguments of a constructor by name, without those that the program supplies."""
    found_parameters = inspect.signature(found).parameters
    return {name: value for name, value in found_parameters.items() if name not in given}


def hints(found: type) -> dict[str, Any]:
    """Return the types of a constructor's arguments by name, with what ``Annotated`` adds."""
    constructor: Any = found.__init__  # type: ignore[misc]  # it may be a base class's
    return get_type_hints(constructor, include_extras=True)


def components(found: type) -> dict[str, ClassPlace]:
    """Return the constructor's arguments that are classes chosen by name, such as ``network``.

    Returns:
        Argument → where its class is looked up.
    """
    return {
        name: ClassPlace(_package(kind), kind)
        for name, kind in hints(found).items()
        if is_protocol(kind)
    }


def part(found: type, name: str, value: Any) -> Any:
    """Return a component's mapping; without a ``class`` it gets that of the default."""
    default = getattr(parameters(found).get(name), "default", None)
    if isinstance(value, Mapping) and CLASS not in value and is_dataclass(default):
        return {CLASS: type(default).__name__, **value}
    return value


def described(component: Any) -> dict[str, Any]:
    """Return the mapping that describes a component, which is a dataclass."""
    values = {field.name: getattr(component, field.name) for field in fields(component)}
    return {CLASS: type(component).__name__, **values}


def schema(found: type, name: str, given: Sequence[str] = ()) -> type[BaseModel]:
    """Return the schema of a class's settings; components are accepted unchecked.

    Args:
        found: the class.
        name: its name in messages.
        given: arguments that the program supplies.

    Raises:
        InputError: an argument has no name or no type, or a type or a default cannot be used.
    """
    for argument in parameters(found, given).values():
        if argument.kind in UNNAMED or argument.annotation is argument.empty:
            raise InputError(
                f"{name}: its constructor takes {argument}; give each setting a name and a type, "
                "as in width: int"
            )
    try:
        return _schema(found, given)
    except custom_code.FAULTS as error:
        reason = custom_code.described(error)
        raise InputError(f"{name}: its constructor cannot be read: {reason}") from error


def _schema(found: type, given: Sequence[str]) -> type[BaseModel]:
    types, places = hints(found), components(found)
    fields_ = {}
    for name, argument in parameters(found, given).items():
        default = argument.default
        if name in places:
            places[name].classes()
            if default is not argument.empty and not is_dataclass(default):
                raise TypeError(f"the default of {name} is no dataclass")
        kind = Any if name in places else types[name]
        fields_[name] = (kind, ... if default is argument.empty else default)
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model(found.__name__, __config__=strict, **fields_)  # type: ignore[call-overload]


def is_protocol(kind: Any) -> bool:
    """Return whether a type is a protocol, so that an argument of this type is a component."""
    return getattr(kind, "_is_protocol", False)


def _package(kind: type) -> str:
    """Return the package of a class; its ``__init__`` or one of its modules defines the class."""
    return sys.modules[kind.__module__].__package__ or kind.__module__
