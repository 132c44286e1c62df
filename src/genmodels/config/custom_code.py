"""The user's own classes, named in a configuration by module and class.

``my_model.TinyGAN`` is looked up in ``my_model.py`` beside the configuration that names it. A run
has a copy of the module, so it needs no other file. A run may come from another person, so its
copy is executed only if it is approved: because a configuration of the user named a module with
the same bytes before, in this command or an earlier one, or because the user approves the run for
this command.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import platformdirs

from genmodels.errors import InputError, Untrusted
from genmodels.system import files

FOLDER = "code"  # in a run's folder
FAULTS = (Exception, SystemExit)  # of code that is not ours, and must not end the program


@dataclass(frozen=True)
class _Place:
    folder: Path
    of_run: bool


_place: ContextVar[_Place | None] = ContextVar("where modules are looked up", default=None)
_approved: set[str] = set()  # digests of modules
_loaded: dict[str, ModuleType] = {}  # by digest


@contextmanager
def beside(config: Path) -> Iterator[None]:
    """Look modules up beside the user's configuration, and approve those that it names."""
    with _within(_Place(config.resolve().parent, of_run=False)):
        yield


@contextmanager
def of_run(run: Path) -> Iterator[None]:
    """Look modules up in a run's folder, where they need approval."""
    with _within(_Place(run / FOLDER, of_run=True)):
        yield


@contextmanager
def _within(place: _Place) -> Iterator[None]:
    token = _place.set(_place.get() or place)  # the outermost context counts
    try:
        yield
    finally:
        _place.reset(token)


def approve(run: Path) -> None:
    """Approve the modules in a run's folder, for this process."""
    for path in sorted((run / FOLDER).rglob("*.py")):
        _approved.add(hashlib.sha256(path.read_bytes()).hexdigest())


def approved() -> list[str]:
    """Return the digests of the modules that are approved in this process."""
    return sorted(_approved)


def approve_all(digests: Iterable[str]) -> None:
    """Approve modules in this process that another one of the same command has approved."""
    _approved.update(digests)


def is_path(name: Any) -> bool:
    """Return whether a class is named by module and class."""
    return isinstance(name, str) and "." in name


def load_class(name: str) -> type:
    """Load a class by module and class, such as ``my_model.TinyGAN``.

    Raises:
        InputError: there is no such module or class, or it cannot be imported.
        Untrusted: it came with a run and is not approved.
    """
    place = _place.get()
    if place is None:
        raise InputError(f"{name} is a class of your own; name it in a configuration's file")
    path = place.folder / _file(name)
    if not os.path.isfile(path):  # false for impossible paths too
        todo = "the run lacks it" if place.of_run else "put it beside the configuration"
        raise InputError(f"{name}: there is no {_file(name)} in {place.folder}; {todo}")
    source = path.read_bytes()  # read once, so that the checked bytes are executed
    digest = hashlib.sha256(source).hexdigest()
    if not place.of_run:
        _remember(digest)
    elif not _is_approved(digest):
        raise Untrusted(
            f"{name} is code that came with the run in {place.folder.parent}, and would be "
            "executed; read it, and if you trust it add `trust_code=True`"
        )
    module = _loaded.get(digest) or _load(path, source, digest)
    kind = name.rpartition(".")[2]
    found = getattr(module, kind, None)
    if not isinstance(found, type):
        classes = [key for key, value in vars(module).items()
                   if isinstance(value, type) and value.__module__ == module.__name__]  # fmt: skip
        raise InputError(f"{path} has no class {kind}; it has {', '.join(classes) or 'none'}")
    return found


def changed(spec: Mapping[str, Any], run: Path) -> list[Path]:
    """Return the modules that differ from a run's copies, among those a model's settings name."""
    place, found = _place.get(), []
    for value in spec.values():
        if isinstance(value, Mapping):
            found += changed(value, run)
        elif is_path(value) and place:
            path, copy = place.folder / _file(value), run / FOLDER / _file(value)
            if copy.is_file() and path.is_file() and path.read_bytes() != copy.read_bytes():
                found.append(path)
    return found


def keep(spec: Mapping[str, Any], run: Path) -> None:
    """Copy the modules that a model's settings name into a run's folder.

    Raises:
        Unwritable: they cannot be written.
    """
    place = _place.get()
    for value in spec.values():
        if isinstance(value, Mapping):
            keep(value, run)
        elif is_path(value) and place and (place.folder / _file(value)).is_file():
            copy = run / FOLDER / _file(value)
            files.write(copy, (place.folder / _file(value)).read_bytes())


def _remember(digest: str) -> None:
    """Approve a module in this process and in later ones."""
    _approved.add(digest)
    with suppress(OSError):  # if it cannot be written, later commands ask for approval
        _remembered().mkdir(parents=True, exist_ok=True)
        (_remembered() / digest).touch()


def _is_approved(digest: str) -> bool:
    return digest in _approved or (_remembered() / digest).is_file()


def _remembered() -> Path:
    """Return the folder that has an empty file for each approved module, named by its digest."""
    return platformdirs.user_state_path("genmodels") / "own-code"


def _file(name: str) -> Path:
    module = name.rpartition(".")[0]
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        raise InputError(f"{name} is not a class of a module; write it as my_model.TinyGAN")
    return Path(*parts).with_suffix(".py")


def _load(path: Path, source: bytes, digest: str) -> ModuleType:
    """Execute a module, once for each content.

    It is compiled from the bytes that were checked. A compiled copy in ``__pycache__``, which may
    differ from them, is never used.
    """
    name = f"_genmodels_{path.stem}_{digest[:12]}"  # runs may have different modules of one name
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # get_type_hints looks annotations up there
    try:
        exec(compile(source, path, "exec"), vars(module))
    except FAULTS as error:
        del sys.modules[name]
        raise InputError(
            f"{path} cannot be imported: {described(error)}{_line(error, path)}"
        ) from error
    _loaded[digest] = module
    return module


def described(error: BaseException) -> str:
    """Return the type of an error and the first line of its message."""
    return ": ".join([type(error).__name__, *str(error).splitlines()[:1]])


def _line(error: BaseException, path: Path) -> str:
    """Return the line of a file that raised an error, as the end of a message."""
    number, trace = getattr(error, "lineno", None), error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            number = trace.tb_lineno
        trace = trace.tb_next
    return f" (line {number})" if number else ""
