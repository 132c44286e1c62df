"""Problems that pydantic finds in settings, as lines with the key and the accepted values."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from genmodels.errors import brief, nearest

# Types of pydantic's problems → what is accepted instead, with the values that pydantic gives.
ACCEPTED = {
    "bool_type": "true or false",
    "dict_type": "keys with values, as in {{key: value}}",
    "finite_number": "a finite number",
    "float_type": "a number",
    "greater_than": "a number above {gt:.10g}",
    "greater_than_equal": "{ge:.10g} or more",
    "int_parsing_size": "an integer of fewer digits",
    "int_type": "an integer",
    "is_instance_of": "a list",  # settings have no other classes than Sequence
    "less_than": "a number below {lt:.10g}",
    "less_than_equal": "{le:.10g} or less",
    "list_type": "a list",
    "literal_error": "{expected}",
    "mapping_type": "keys with values, as in {{key: value}}",
    "model_type": "keys with values, as in {{key: value}}",
    "multiple_of": "a multiple of {multiple_of}",
    "sequence_str": "a list",
    "string_type": "a text",
    "too_long": "a list of {max_length} or fewer",
    "too_short": "a list of {min_length} or more",
    "tuple_type": "a list",
}


def problems(schema: type[BaseModel], values: Mapping[str, Any], path: str = "") -> list[str]:
    """Return one line for each problem that pydantic finds, with its key and the nearest name."""
    try:
        schema.model_validate(values)
    except ValidationError as error:
        places: dict[tuple[str, ...], list[Any]] = {}  # several problems if types are alternatives
        for problem in error.errors():
            keys = tuple(filter(None, (path, *_keys(values, problem))))
            places.setdefault(keys, []).append(problem)
        return [_line(schema, ".".join(keys), found) for keys, found in places.items()]
    return []


def described(found: Sequence[Any]) -> str:
    """Return the value that pydantic has problems with, and what it accepts."""
    if found[0]["type"] == "missing":
        return "is missing; give a value"
    accepted: list[str] = []
    for problem in found:
        if problem["type"] not in ACCEPTED:  # such as a ValueError of a validator
            message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
            return f"is {brief(problem['input'])}; {message}"
        accepted.append(ACCEPTED[problem["type"]].format(**problem.get("ctx", {})))
    return f"is {brief(found[0]['input'])}; give {' or '.join(dict.fromkeys(accepted))}"


def _keys(values: Any, problem: Any) -> Iterator[str]:
    """Yield the keys of the value that has a problem, without pydantic's names of alternatives."""
    for key in problem["loc"]:
        inside = key in values if isinstance(values, Mapping) else isinstance(key, int)
        if inside or problem["type"] in ("extra_forbidden", "missing"):
            yield str(key)
        if inside and (isinstance(values, Mapping) or key < len(values)):
            values = values[key]


def _line(schema: type[BaseModel], where: str, found: Sequence[Any]) -> str:
    """Return the line of the problems of one key."""
    problem = found[0]
    if problem["type"] == "extra_forbidden":
        key, accepted = str(problem["loc"][-1]), _accepted(schema, problem["loc"][:-1])
        hint = _elsewhere(schema, where, key) or nearest(key, accepted)
        return f"{where}: unknown key{hint}; accepted: {', '.join(accepted)}"
    return f"{where or 'config'}: {described(found)}"


def _elsewhere(schema: type[BaseModel], where: str, key: str) -> str:
    """Return a hint at a key of this name, below the given section if there is one."""
    found = [path for path in _paths(schema) if path.rpartition(".")[2] == key]
    found.sort(key=lambda path: not path.startswith(where.removesuffix(key)))
    return f" (did you mean {found[0]!r}?)" if found else ""


def _paths(schema: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of all sections."""
    for name, field in schema.model_fields.items():
        yield prefix + name
        kind = field.annotation
        if inspect.isclass(kind) and issubclass(kind, BaseModel):
            yield from _paths(kind, f"{prefix}{name}.")


def _accepted(schema: type[BaseModel], location: Sequence[Any]) -> list[str]:
    """Return the keys of the section at a location."""
    for key in location:
        field = schema.model_fields.get(key) if isinstance(key, str) else None
        options = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else []
        inner = [kind for kind in options if inspect.isclass(kind) and issubclass(kind, BaseModel)]
        schema = inner[0] if inner else schema
    return [field.alias or name for name, field in schema.model_fields.items()]
