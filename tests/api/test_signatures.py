"""The public names: complete, typed without ``Any``, and even in what they take."""

import inspect
import typing
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import pytest

import genmodels
from genmodels import api
from genmodels.api import Overrides, Run

Function = Callable[..., object]
CLASSES = [kind for name in api.__all__ if inspect.isclass(kind := getattr(api, name))]


def functions() -> Iterator[tuple[str, Function]]:
    """The public functions, and the public methods and properties of the public classes."""
    for name in api.__all__:
        if inspect.isfunction(function := getattr(api, name)):
            yield name, function
    for kind in CLASSES:
        for name, member in vars(kind).items():
            if isinstance(member, property):
                member = member.fget
            elif isinstance(member, cached_property):
                member = member.func
            if inspect.isfunction(member) and not name.startswith("_"):
                yield f"{kind.__name__}.{name}", member


FUNCTIONS = dict(functions())


def uses_any(hint: object) -> bool:
    """Whether a type is ``Any``, or has it anywhere inside."""
    if typing.is_typeddict(hint):
        return any(map(uses_any, typing.get_type_hints(hint).values()))
    return hint is typing.Any or any(map(uses_any, typing.get_args(hint)))


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


def test_any_is_found_wherever_it_is() -> None:
    class Given(typing.TypedDict):
        inside: list[typing.Any]

    assert all(map(uses_any, (typing.Any, dict[str, list[typing.Any]], Given, Given | None)))
    assert not any(map(uses_any, (int, Overrides, dict[str, list[object]], None)))


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
