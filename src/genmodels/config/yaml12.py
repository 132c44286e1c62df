"""Safe YAML 1.2: text to plain values and back.

PyYAML reads YAML 1.1, in which ``1e-3`` is a text, ``no`` is false, ``1:30`` is ninety,
``2024-01-01`` is a date and ``010`` is eight. Here the first is a number, the last is ten and the
others are texts. Tags, aliases and duplicate keys are refused. Texts are written so that both
versions read them as texts.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from genmodels.config.number_types import Json
from genmodels.errors import InputError

LONGEST = 100_000  # characters; the longest preset has about 1,000


def parse(text: str, origin: str) -> Json:
    """Parse a text.

    Args:
        text: a YAML document.
        origin: the name of the document in messages.

    Raises:
        InputError: the text is not valid YAML; the message has the line and the reason.
    """
    if len(text) > LONGEST:
        raise InputError(
            f"{origin} has {len(text):,} characters; a configuration has {LONGEST:,} at most"
        )
    try:
        return yaml.load(text, Loader=_Loader)
    except RecursionError:
        raise InputError(f"{origin} is nested too deeply for a configuration") from None
    except ValueError as error:  # such as a number with more digits than Python converts
        raise InputError(f"{origin} is not valid YAML: {error}") from None
    except yaml.YAMLError as error:
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{origin}{line} is not valid YAML: {reason}") from None


def plain(value: Any) -> Json:
    """Return a value as YAML holds it: lists for tuples, dictionaries for other mappings."""
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def dump(values: object) -> str:
    """Return values as a YAML document, with keys in the given order."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def inline(value: object) -> str:
    """Return a value as YAML on one line."""
    text = yaml.dump(value, None, _Dumper, default_flow_style=True, sort_keys=False, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")


class _Dumper(yaml.SafeDumper):
    """A safe dumper that quotes what either version of YAML would not read as a text."""


class _Loader(yaml.SafeLoader):
    """A safe loader of YAML 1.2's plain values, without tags, aliases and duplicate keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        refused = None
        if isinstance(event, yaml.AliasEvent):
            refused = "aliases (*name) are not accepted; write the value out"
        elif event.tag is not None:
            refused = f"tags such as {event.tag} are not accepted; leave it out"
        if refused:
            raise yaml.composer.ComposerError(None, None, refused, event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is not a word", key_node.start_mark
                )
            if key in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is given twice", key_node.start_mark
                )
            keys.add(key)
        return super().construct_mapping(node, deep)


def _integer(_: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    return int(node.value)


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in [
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
]:
    for _kind in (_Loader, _Dumper):
        _kind.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))
