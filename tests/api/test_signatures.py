"""The public names: complete, typed without ``Any``, and even in what they take.

So are the attributes and methods of all that they return, however deep.
"""

import inspect
import typing
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import pytest
from pydantic import JsonValue
from typing_extensions import TypeAliasType, TypedDict, is_typeddict

import genmodels
from genmodels import api
from genmodels.api import Overrides, Run

Function = Callable[..., object]
CLASSES = [kind for name in api.__all__ if inspect.isclass(kind := getattr(api, name))]


def methods(kind: type) -> Iterator[tuple[str, Function]]:
    """The public methods and properties that a class defines."""
    for name, member in vars(kind).items():
        if isinstance(member, property):
            member = member.fget
        elif isinstance(member, cached_property):
            member = member.func
        elif isinstance(member, staticmethod | classmethod):
            member = member.__func__
        if inspect.isfunction(member) and not name.startswith("_"):
            yield name, member


def functions() -> Iterator[tuple[str, Function]]:
    """The public functions, and the public methods and properties of the public classes."""
    for name in api.__all__:
        if inspect.isfunction(function := getattr(api, name)):
            yield name, function
    for kind in CLASSES:
        yield from ((f"{kind.__name__}.{name}", method) for name, method in methods(kind))


FUNCTIONS = dict(functions())


def attributes(kind: type) -> dict[str, object]:
    """The types of the public attributes of a class: fields, properties, and so on."""
    own = [base for base in kind.__mro__ if base.__module__.startswith("genmodels.")]
    named = {name for base in own for name in vars(base).get("__annotations__", {})}
    hints = typing.get_type_hints(kind)
    return {name: hints[name] for name in named if not name.startswith("_")}


def inner(hint: object) -> Iterator[object]:
    """The types in a type: of a container, of a class's arguments, behind an alias."""
    yield from typing.get_args(hint)
    yield from hint if isinstance(hint, list) else ()  # the arguments of a Callable
    for part in ("__origin__", "__value__"):
        if (found := getattr(hint, part, None)) is not None:
            yield found


def uses_any(hint: object) -> bool:
    """Whether a type is ``Any``, or has it anywhere inside."""
    if is_typeddict(hint):
        return any(map(uses_any, typing.get_type_hints(hint).values()))
    return hint is typing.Any or any(map(uses_any, inner(hint)))


def reachable() -> list[type]:
    """The classes of this package that the public functions lead to."""
    found: list[type] = []
    hints: list[object] = [*CLASSES]
    hints += [typing.get_type_hints(function)["return"] for function in FUNCTIONS.values()]
    while hints:
        hint = hints.pop()
        hints += inner(hint)
        if not inspect.isclass(hint) or hint in found:
            continue
        if hint.__module__.startswith("genmodels."):
            found.append(hint)
            hints += attributes(hint).values()
            hints += [typing.get_type_hints(method).get("return") for _, method in methods(hint)]
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


REACHABLE = reachable()


def taking(name: str) -> dict[str, tuple[object, object]]:
    """The functions that take an argument: its type, and its default."""
    found = {}
    for where, function in FUNCTIONS.items():
        parameter = inspect.signature(function).parameters.get(name)
        if parameter is not None:
            found[where] = (typing.get_type_hints(function)[name], parameter.default)
    return found


def test_every_public_name_is_there() -> None:
    assert {"Run", "train", "load", "sample", "interpolate", "compare", "save_images"} <= {
        *api.__all__
    }
    assert {*genmodels.__all__} - {"InputError"} <= {*api.__all__}
    assert {*api.__all__} <= {*dir(api)}
    assert len(FUNCTIONS) > 25
    for name in api.__all__:
        assert inspect.getdoc(getattr(api, name)), f"{name} has no docstring"
    with pytest.raises(AttributeError, match="'trian'"):
        _ = api.trian  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_have_no_any(name: str) -> None:
    for function in (FUNCTIONS[name], *typing.get_overloads(FUNCTIONS[name])):
        hints = typing.get_type_hints(function)
        given = [*inspect.signature(function).parameters]
        assert {*given} - {"self"} <= {*hints}, "everything is annotated"
        assert "return" in hints
        assert [key for key, hint in hints.items() if uses_any(hint)] == []


def test_what_is_returned_is_found() -> None:
    names = {kind.__name__ for kind in REACHABLE}
    assert {"Entry", "Environment", "Header", "ModelInfo", "Preset", "Settings", "Train"} <= names


@pytest.mark.parametrize("kind", REACHABLE, ids=lambda kind: kind.__name__)
def test_what_is_returned_has_no_any(kind: type) -> None:
    assert [key for key, hint in attributes(kind).items() if uses_any(hint)] == []
    for method, function in methods(kind):
        hints = typing.get_type_hints(function)
        assert "return" in hints, method
        assert [key for key, hint in hints.items() if uses_any(hint)] == [], method


def test_any_is_found_wherever_it_is() -> None:
    class Given(typing.TypedDict):
        inside: list[typing.Any]

    class Passed(TypedDict):
        inside: typing.Any

    alias = TypeAliasType("alias", dict[str, typing.Any])
    taking = Callable[[list[typing.Any]], None]
    found = (typing.Any, dict[str, list[typing.Any]], Given, Given | None, Passed, alias, taking)
    assert all(map(uses_any, found))
    assert not any(map(uses_any, (int, Overrides, dict[str, list[object]], None, JsonValue)))


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("run", None),
        ("seed", 0),
        ("weights", None),
        ("label", None),
        ("device", "auto"),
        ("changes", None),
        ("trust_code", False),
        ("quiet", False),
        ("settings", ()),
    ],
)
def test_an_argument_is_the_same_everywhere(name: str, default: object) -> None:
    found = taking(name)
    assert len(found) > 1, found
    assert len({repr(each) for each in found.values()}) == 1, found
    assert {repr(each[1]) for each in found.values()} == {repr(default)}


def test_every_verb_takes_a_run_or_where_it_lies() -> None:
    wanted = Run | str | Path | None
    assert {"interpolate", "replay", "sample", "sample_to", "verify"} == {*taking("run")}
    assert all(hint == wanted for hint, _ in taking("run").values())


@pytest.mark.parametrize("name", ["sample", "interpolate"])
def test_a_method_of_a_run_is_the_verb(name: str) -> None:
    function = inspect.signature(FUNCTIONS[name]).parameters
    method = inspect.signature(FUNCTIONS[f"Run.{name}"]).parameters
    mine = [(p.name, p.kind, p.default) for p in function.values() if p.name not in ("run", "out")]
    theirs = [(p.name, p.kind, p.default) for p in method.values() if p.name != "self"]
    assert mine == theirs


@pytest.mark.parametrize("name", ["encode", "decode", "reconstruct", "sample", "interpolate"])
def test_every_method_that_computes_says_where_and_with_what(name: str) -> None:
    assert {"weights", "device", "changes"} <= {
        *inspect.signature(FUNCTIONS[f"Run.{name}"]).parameters
    }
