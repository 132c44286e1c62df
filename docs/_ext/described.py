"""Pieces of the generated reference: one entry, a type in words, the parts of a docstring."""

import re
from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from genmodels.config.number_types import KeyOf

BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
NAMES = {int: "integer", float: "number", str: "text", bool: "`true` or `false`"}


def entry(
    name: str, accepts: str, default: str | None, meaning: str, *, listed: bool = True
) -> str:
    """Return the entry of a setting.

    Args:
        name: as a configuration spells it.
        accepts: what it accepts, in words.
        default: its default; None where there is none, or where the meaning says it.
        meaning: of the setting, as a docstring has it.
        listed: whether the index lists it and links can name it.
    """
    lines = [f"````{{confval}} {name}", f":type: {accepts}"]
    lines += [f":default: `{default}`"] if default is not None else []
    lines += [] if listed else [":no-index:"]
    sentence = meaning[0].upper() + meaning[1:] if meaning[:1].isascii() and meaning else meaning
    return "\n".join([*lines, "", markdown(sentence), "````"])


def accepted(kind: Any, limits: Sequence[Any] = (), classes: Sequence[str] = ()) -> str:
    """Return what an annotation accepts, in words.

    Args:
        kind: the annotation.
        limits: what pydantic knows of it besides.
        classes: the classes of a component.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        kind, *more = inner
        return accepted(kind, [*limits, *more], classes)
    if tables := [limit.table for limit in limits if isinstance(limit, KeyOf)]:
        return _words(tables[0])
    if origin is Literal:
        return _words(inner)
    if origin in (Union, UnionType):
        kinds = [accepted(one, limits) for one in inner if one is not NoneType]
        return " or ".join([*kinds, *(["`null`"] if NoneType in inner else [])])
    if kind in NAMES:
        return " ".join([NAMES[kind], *_bounds(limits)]).replace(" ", " ")
    if origin in (list, tuple) or getattr(origin, "__name__", "") == "Sequence":
        return f"list of {accepted(inner[0])}"
    if len(inner) == 2 and inner[1] is Any:
        return "mapping"
    if len(inner) == 2:
        return f"mapping of {accepted(inner[0])} to {accepted(inner[1])}"
    if getattr(kind, "_is_protocol", False):
        return f"a class: {_words(classes)}" if classes else "a network"
    return "section"


def _words(words: Any) -> str:
    return " or ".join(f"`{word}`" for word in words)


def _bounds(limits: Sequence[Any]) -> list[str]:
    flat = [m for limit in limits for m in getattr(limit, "metadata", [limit])]
    found = [(sign, getattr(m, name)) for m in flat for name, sign in BOUNDS.items()
             if hasattr(m, name)]  # fmt: skip
    return [", ".join(f"{sign} {value:g}" for sign, value in found)] if found else []


def summary(docstring: str) -> str:
    """Return the part of a docstring above its arguments."""
    return markdown(re.split(r"\n\n(?:Args|Attributes):\n", docstring)[0])


def arguments(docstring: str) -> dict[str, str]:
    """Return argument → meaning, of the first list of arguments in a docstring."""
    listed = re.search(r"^(?:Args|Attributes):\n((?:    .*\n?|\n)+)", docstring, re.MULTILINE)
    found = re.split(r"^    (\w[\w, ]*): ", listed[1] if listed else "", flags=re.MULTILINE)[1:]
    return {
        name: " ".join(text.split())
        for names, text in zip(found[::2], found[1::2], strict=True)
        for name in names.split(", ")
    }


def markdown(text: str) -> str:
    """Turn the roles of reStructuredText in a docstring into code."""
    return re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text)
