"""Construction of classes from settings. A class's constructor is the schema of its settings.

A configuration names a class and its keyword arguments. The signature of the class and its
annotations define what is accepted, so no model needs a separate class of settings. An
argument annotated with a protocol, such as a network, is itself a mapping with a ``class``.
That class is looked up in the package that defines the protocol, among those that satisfy it.
Some settings are valid one by one and contradict each other. A class can report this with a
static method ``contradictions``: settings → one line for each contradiction.
A class whose settings were renamed lists them in ``former_settings``, as pairs of the former name
and the name. The former names keep working.
"""

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, get_args, get_origin

from genmodels.config import constructors, custom_code, validation, yaml12
from genmodels.config.constructors import CLASS as CLASS
from genmodels.config.constructors import ClassPlace as ClassPlace
from genmodels.config.number_types import Json, KeyOf
from genmodels.errors import InputError, Untrusted, brief, nearest, renamed

CONTRADICTIONS = "contradictions"  # the static method of classes that check for them
FORMER = "former_settings"  # the attribute of classes with renamed settings


def find_class(name: str, place: ClassPlace) -> type:
    """Return the class of a name, from the package or from the user's modules.

    Raises:
        InputError: there is no class of that name.
    """
    if custom_code.is_path(name):
        return _custom_class(name, place)
    accepted = place.classes()
    if not isinstance(name, str) or name not in accepted:
        raise InputError(
            f"unknown class {name!r}{nearest(str(name), list(accepted))}; "
            f"{place.package} has {', '.join(accepted)}; a class of your own is named with its "
            "module, as in my_model.TinyGAN"
        )
    return accepted[name]


def _custom_class(name: str, place: ClassPlace) -> type:
    """Return a class of the user's, after checking that it satisfies the protocol."""
    found = custom_code.load_class(name)
    if not place.accepts(found):
        wanted = place.protocol if isinstance(place.protocol, str) else place.protocol.__name__
        raise InputError(f"{name} is not a {wanted} of {place.package}; derive it from that")
    if inspect.isabstract(found):
        missing = ", ".join(sorted(getattr(found, "__abstractmethods__", ())))
        raise InputError(f"{name} does not define {missing}")
    former = getattr(found, FORMER, ())
    if not isinstance(former, tuple | list) or not all(map(_is_pair, former)):
        raise InputError(
            f"{name}: {FORMER} is {brief(former)}; give pairs of the former name and the name"
        )
    return found


def _is_pair(value: object) -> bool:
    """Return whether a value is two names."""
    return isinstance(value, tuple | list) and [str, str] == [*map(type, value)]


def problems(spec: Any, place: ClassPlace, path: str, given: Sequence[str] = ()) -> list[str]:
    """List everything that is wrong with a mapping of ``class`` and keyword arguments.

    Args:
        spec: the mapping.
        place: where the class is looked up.
        path: the key of the mapping in the configuration, for the messages.
        given: arguments that the program supplies, not the configuration.

    Returns:
        One line for each problem. If there is none, :func:`build` accepts the mapping.

    Raises:
        Untrusted: the class is in code that is not approved, so it cannot be checked.
    """
    if not isinstance(spec, Mapping) or CLASS not in spec:
        accepted = ", ".join(place.classes())
        return [f"{path}: is {brief(spec)}; give a mapping with 'class': one of {accepted}"]
    try:
        found = find_class(spec[CLASS], place)
        schema = constructors.schema(found, spec[CLASS], given)
        spec = _renamed(found, spec)
        parts = constructors.components(found)
        keywords = {k: constructors.part(found, k, v) for k, v in spec.items() if k != CLASS}
        found_problems = validation.problems(schema, keywords, path)
        for key in parts.keys() & keywords.keys():
            found_problems += problems(keywords[key], parts[key], f"{path}.{key}")
        if not found_problems:
            lines = _contradictions(found, complete(spec, place, given))
            found_problems = [f"{path}.{line}" for line in lines]
    except Untrusted:
        raise
    except InputError as error:
        return [f"{path}.{CLASS}: {error}"]
    return found_problems


def _contradictions(found: type, settings: Mapping[str, Json]) -> list[str]:
    """Return a line for each contradiction in the complete settings of a class.

    Raises:
        InputError: the class cannot say, because its method fails.
    """
    method = getattr(found, CONTRADICTIONS, lambda settings: ())
    try:
        return list(method(settings))
    except custom_code.FAULTS as error:
        raise InputError(
            f"{settings[CLASS]}: {CONTRADICTIONS}() fails with {custom_code.described(error)}; "
            "define it for the settings of this class"
        ) from error


def present(spec: Mapping[str, Any], name: object, place: ClassPlace) -> Mapping[str, Any]:
    """Return settings of the class of a name under their present names, with one note."""
    try:
        found = find_class(str(name), place)
    except InputError:
        return spec  # :func:`problems` says what is wrong with the name
    former = getattr(found, FORMER, ())
    if pairs := [(old, new) for old, new in former if old in spec and new not in spec]:
        note_renamed(*((f"`model.{old}`", new) for old, new in pairs))
    return _renamed(found, spec)


@cache  # one note for the same settings, not for each checkpoint of a run
def note_renamed(*pairs: tuple[str, str]) -> None:
    """Warn that settings have new names: (former name, name) of each."""
    warnings.warn(renamed(pairs), stacklevel=2)


def _renamed(found: type, spec: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return settings under their current names.

    If both the old and the new name are given, the old one is kept, and is later refused as an
    unknown key.
    """
    new = {old: name for old, name in getattr(found, FORMER, ()) if name not in spec}
    return {new.get(key, key): value for key, value in spec.items()}


def complete(
    spec: Mapping[str, Any], place: ClassPlace, given: Sequence[str] = ()
) -> dict[str, Json]:
    """Return a valid mapping with all defaults written out.

    So a saved configuration keeps its meaning when defaults change.
    """
    found = find_class(spec[CLASS], place)
    spec = _renamed(found, spec)
    parts = constructors.components(found)
    result: dict[str, Json] = {CLASS: spec[CLASS]}
    for name, parameter in constructors.parameters(found, given).items():
        value = spec.get(name, parameter.default)
        if name in parts:
            described = value if isinstance(value, Mapping) else constructors.described(value)
            value = complete(constructors.part(found, name, described), parts[name])
        result[name] = yaml12.plain(value)
    return result


def choices(name: str, place: ClassPlace) -> dict[str, list[str]]:
    """Return the words that each setting of a class accepts.

    For a component these are the classes it may have, for a list or a mapping the words it may
    contain. Settings that list no words are left out.
    """
    found = find_class(name, place)
    hints = constructors.hints(found)
    words = {key: list(_words(kind)) for key, kind in hints.items()}
    words |= {key: list(part.classes()) for key, part in constructors.components(found).items()}
    return {key: accepted for key, accepted in words.items() if accepted}


def _words(kind: Any) -> Iterator[str]:
    """Yield the words of each ``Literal`` and table in an annotation, at any depth."""
    if isinstance(kind, KeyOf):
        yield from kind.table
    elif get_origin(kind) is Literal:
        yield from get_args(kind)
    else:
        for inner in get_args(kind):
            yield from _words(inner)


def described(
    place: ClassPlace, given: Sequence[str] = ()
) -> list[tuple[str, str, dict[str, Json]]]:
    """Return name, first paragraph of the docstring, and settings of each class of a package."""
    rows = []
    for name, found in place.classes().items():
        sentence = (inspect.getdoc(found) or "").partition("\n\n")[0].replace("\n", " ")
        settings = complete({CLASS: name}, place, given)
        rows.append((name, sentence, {k: v for k, v in settings.items() if k != CLASS}))
    return rows


def build(spec: Mapping[str, Any], place: ClassPlace, **given: Any) -> Any:
    """Construct the object that a valid mapping describes.

    Args:
        spec: the mapping, free of :func:`problems`.
        place: where the class is looked up.
        given: arguments that the program supplies; those that the class does not have are
            left out.
    """
    found = find_class(spec[CLASS], place)
    parts = constructors.components(found)
    keywords = {
        key: build(constructors.part(found, key, value), parts[key]) if key in parts else value
        for key, value in _renamed(found, spec).items()
        if key != CLASS
    }
    return made(found, keywords, **given)


def made(found: type, keywords: Mapping[str, Any] | None = None, **given: Any) -> Any:
    """Construct a class from settings and from arguments that the program supplies.

    Supplied arguments that the class does not have are left out.
    """
    accepted = inspect.signature(found).parameters
    supplied = {key: value for key, value in given.items() if key in accepted}
    return found(**(keywords or {}), **supplied)
