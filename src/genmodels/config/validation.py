"""Problems that pydantic finds in settings, as lines with the key and the accepted values."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from genmodels.errors import brief, nearest


def problems(schema: type[BaseModel], values: Mapping[str, Any], path: str = "") -> list[str]:
    """Return one line for each problem that pydantic finds, with its key and the nearest name."""
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
    return f"{where or 'config'}: is {brief(problem['input'])}; {message}"


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
