"""The constructor is the schema.

A configuration names a class and its keyword arguments; the class's signature and its
annotations say what is accepted, so no class of settings is written for any model. An
argument annotated with a protocol (a network, say) is itself a mapping with a ``class``,
looked up among the classes of the package that defines the protocol which do what it asks.
Settings that are valid one by one may contradict each other: a class that knows so has a
static method ``contradictions``, settings → one line for each.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from genmodels.config import custom_code
from genmodels.config.number_types import KeyOf
from genmodels.errors import InputError, Untrusted, nearest

CLASS = "class"
CONTRADICTIONS = "contradictions"  # a class's own check of settings that are valid one by one


@dataclass(frozen=True)
class Place:
    """Where classes are looked up: a package, and what they must be able to do."""

    package: str
    protocol: type | str = object  # a name is that of a class of the package

    def accepts(self, kind: type) -> bool:
        """Whether a class does what it must be able to do."""
        wanted = self.protocol
        if isinstance(wanted, str):
            wanted = getattr(importlib.import_module(self.package), wanted)
        assert isinstance(wanted, type)
        return issubclass(kind, wanted)

    def classes(self) -> dict[str, type]:
        """The concrete public classes, by name, in the order of ``__all__``."""
        package = importlib.import_module(self.package)
        public = {name: getattr(package, name) for name in package.__all__}
        return {
            name: value
            for name, value in public.items()
            if inspect.isclass(value)
            and not inspect.isabstract(value)
            and not _is_protocol(value)
            and self.accepts(value)
        }


def find(name: str, place: Place) -> type:
    """Look a class up.

    Raises:
        InputError: there is none of that name.
    """
    if custom_code.is_path(name):
        return _own(name, place)
    accepted = place.classes()
    if not isinstance(name, str) or name not in accepted:
        raise InputError(
            f"unknown class {name!r}{nearest(str(name), list(accepted))}; "
            f"{place.package} has {', '.join(accepted)}; a class of your own is named with its "
            "module, as in my_model.TinyGAN"
        )
    return accepted[name]


def _own(name: str, place: Place) -> type:
    """A class of the user's own that does what it must be able to do."""
    found = custom_code.find(name)
    if not place.accepts(found):
        wanted = place.protocol if isinstance(place.protocol, str) else place.protocol.__name__
        raise InputError(f"{name} is no {wanted} of {place.package}; derive it from that")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
        raise InputError(f"{name} does not define {missing}")
    return found


def problems(spec: Any, place: Place, path: str, given: Sequence[str] = ()) -> list[str]:
    """List everything wrong with a mapping of ``class`` and keyword arguments.

    Args:
        spec: the mapping.
        place: where the class is looked up.
        path: where the mapping stands in the configuration, for the messages.
        given: arguments that are supplied by the program, not by the configuration.

    Returns:
        One line for each problem; empty if :func:`build` will accept the mapping.

    Raises:
        Untrusted: the class lies in code that is not approved, so nothing is known of it.
    """
    if not isinstance(spec, Mapping) or CLASS not in spec:
        accepted = ", ".join(place.classes())
        return [f"{path}: is {_show(spec)}; give a mapping with 'class': one of {accepted}"]
    try:
        found = find(spec[CLASS], place)
    except Untrusted:
        raise
    except InputError as error:
        return [f"{path}.{CLASS}: {error}"]
    parts = _components(found)
    keywords = {k: _part(found, k, value) for k, value in spec.items() if k != CLASS}
    found_problems = validation_problems(_schema(found, given), keywords, path)
    for key in parts.keys() & keywords.keys():
        found_problems += problems(keywords[key], parts[key], f"{path}.{key}")
    if not found_problems and hasattr(found, CONTRADICTIONS):
        settings = complete(spec, place, given)
        found_problems += [f"{path}.{line}" for line in getattr(found, CONTRADICTIONS)(settings)]
    return found_problems


def complete(spec: Mapping[str, Any], place: Place, given: Sequence[str] = ()) -> dict[str, Any]:
    """Write out the defaults of a valid mapping, so that it means the same in ten years."""
    found = find(spec[CLASS], place)
    parts = _components(found)
    result: dict[str, Any] = {CLASS: spec[CLASS]}
    for name, parameter in _parameters(found, given).items():
        value = spec.get(name, parameter.default)
        if name in parts:
            described = value if isinstance(value, Mapping) else _describe(value)
            value = complete(_part(found, name, described), parts[name])
        result[name] = list(value) if isinstance(value, tuple) else value
    return result


def choices(name: str, place: Place) -> dict[str, list[str]]:
    """The words that each setting of a class accepts, where it names them: for a part the
    classes that it may have, for a list or a mapping those that it may hold."""
    found = find(name, place)
    hints = get_type_hints(_constructor(found), include_extras=True)
    words = {key: list(_words(kind)) for key, kind in hints.items()}
    words |= {key: list(part.classes()) for key, part in _components(found).items()}
    return {key: accepted for key, accepted in words.items() if accepted}


def _words(kind: Any) -> Iterator[str]:
    """What the ``Literal`` or the table in an annotation lists, however deep it stands."""
    if isinstance(kind, KeyOf):
        yield from kind.table
    elif get_origin(kind) is Literal:
        yield from get_args(kind)
    else:
        for inner in get_args(kind):
            yield from _words(inner)


def described(place: Place, given: Sequence[str] = ()) -> list[tuple[str, str, dict[str, Any]]]:
    """Each class of a package: its name, the first sentence of its docstring, and its
    settings with their defaults."""
    rows = []
    for name, found in place.classes().items():
        sentence = (inspect.getdoc(found) or "").partition("\n\n")[0].replace("\n", " ")
        settings = complete({CLASS: name}, place, given)
        rows.append((name, sentence, {k: v for k, v in settings.items() if k != CLASS}))
    return rows


def build(spec: Mapping[str, Any], place: Place, **given: Any) -> Any:
    """Construct what a valid mapping describes.

    Args:
        spec: the mapping, free of :func:`problems`.
        place: where the class is looked up.
        given: what the program supplies; arguments the class does not have are left out.
    """
    found = find(spec[CLASS], place)
    parts = _components(found)
    keywords = {
        key: build(_part(found, key, value), parts[key]) if key in parts else value
        for key, value in spec.items()
        if key != CLASS
    }
    return made(found, keywords, **given)


def made(found: type, keywords: Mapping[str, Any] | None = None, **given: Any) -> Any:
    """Construct a class from settings and from what the program supplies; arguments of the
    latter that the class does not have are left out."""
    accepted = inspect.signature(found).parameters
    supplied = {key: value for key, value in given.items() if key in accepted}
    return found(**(keywords or {}), **supplied)


def validation_problems(
    schema: type[BaseModel], values: Mapping[str, Any], path: str = ""
) -> list[str]:
    """One line for each thing pydantic finds wrong, with its path and the nearest name."""
    try:
        schema.model_validate(values)
    except ValidationError as error:
        return [_line(schema, problem, path) for problem in error.errors()]
    return []


def _line(schema: type[BaseModel], problem: Any, path: str) -> str:
    keys = [str(key) for key in problem["loc"] if key != "[key]"]
    where = ".".join(([path] if path else []) + keys)
    if problem["type"] == "extra_forbidden":
        accepted = _accepted(schema, problem["loc"][:-1])
        hint = _elsewhere(schema, where, keys[-1]) or nearest(keys[-1], accepted)
        return f"{where}: unknown key{hint}; accepted: {', '.join(accepted)}"
    if problem["type"] == "missing":
        return f"{where}: is missing; give a value"
    message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{where or 'config'}: is {_show(problem['input'])}; {message}"


def _elsewhere(schema: type[BaseModel], where: str, key: str) -> str:
    """Say where a key of this name belongs: below its section, else in another one."""
    found = [path for path in _paths(schema) if path.rpartition(".")[2] == key]
    found.sort(key=lambda path: not path.startswith(where.removesuffix(key)))
    return f" (did you mean {found[0]!r}?)" if found else ""


def _paths(schema: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """The keys of all sections, each with its path."""
    for name, field in schema.model_fields.items():
        yield prefix + name
        kind = field.annotation
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            yield from _paths(kind, f"{prefix}{name}.")


def _accepted(schema: type[BaseModel], location: Sequence[Any]) -> list[str]:
    """The keys that the section at a location has."""
    for key in location:
        field = schema.model_fields.get(key) if isinstance(key, str) else None
        options = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        inner = [kind for kind in options if inspect.isclass(kind) and issubclass(kind, BaseModel)]
        schema = inner[0] if inner else schema
    return [field.alias or name for name, field in schema.model_fields.items()]


def _schema(found: type, given: Sequence[str]) -> type[BaseModel]:
    hints = get_type_hints(_constructor(found), include_extras=True)
    parts = _components(found)
    fields_ = {
        name: (
            Any if name in parts else hints[name],  # a part is checked by itself
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for name, parameter in _parameters(found, given).items()
    }
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return create_model(found.__name__, __config__=strict, **fields_)  # type: ignore[call-overload]


def _parameters(found: type, given: Sequence[str]) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(found).parameters
    return {name: value for name, value in parameters.items() if name not in given}


def _components(found: type) -> dict[str, Place]:
    """The arguments that are objects themselves → where their classes are looked up."""
    hints = get_type_hints(_constructor(found))
    return {name: Place(_package(kind), kind) for name, kind in hints.items() if _is_protocol(kind)}


def _package(kind: type) -> str:
    """The package that defines a class, in one of its modules or in itself."""
    return sys.modules[kind.__module__].__package__ or kind.__module__


def _part(found: type, name: str, value: Any) -> Any:
    """A mapping for a part that names no class is one of the default's class."""
    default = getattr(inspect.signature(found).parameters.get(name), "default", None)
    if isinstance(value, Mapping) and CLASS not in value and is_dataclass(default):
        return {CLASS: type(default).__name__, **value}
    return value


def _constructor(found: type) -> Any:
    return found.__init__  # type: ignore[misc]  # it may be a base's


def _is_protocol(kind: Any) -> bool:
    return getattr(kind, "_is_protocol", False)


def _describe(component: Any) -> dict[str, Any]:
    assert is_dataclass(component), "a component's default is a dataclass"
    values = {field.name: getattr(component, field.name) for field in fields(component)}
    return {CLASS: type(component).__name__, **values}


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
