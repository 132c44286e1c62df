"""Runs: opening one by its name, listing them, and folders of new ones."""

import os
import warnings
from datetime import datetime
from pathlib import Path

from genmodels.errors import InputError, Note
from genmodels.runs.folder import Folder
from genmodels.runs.lock import LOCK
from genmodels.runs.steps import step_name

__all__ = [
    "HOME", "LOCK", "Folder", "damaged", "latest", "listed", "new_path", "open_run", "step_name",
]  # fmt: skip

HOME = Path("runs")


def open_run(path: str | Path, accepted: str = "") -> Folder:
    """Open a run by its folder, or by its name under ``runs/``.

    Args:
        path: the folder or the name.
        accepted: what the caller accepts, for the message, if that is more than runs.

    Raises:
        InputError: there is no run, or it lacks a file that every command needs.
    """
    candidates = [Folder(candidate) for candidate in (Path(path), HOME / path)]
    for folder in candidates:
        if not folder.missing_files():
            folder.check_links()
            return folder
    for folder in candidates:
        if os.path.isdir(folder.path):  # false for impossible paths too
            folder.check_complete()
    raise absent(path, accepted)


def absent(path: str | Path, accepted: str = "") -> InputError:
    """Return the error that there is no run at a path; it names the newest runs."""
    known = ", ".join(str(folder.path) for folder in listed()[:5])
    hint = (
        f"the newest under {HOME}{'/'}: {known}"
        if known
        else "train one with: `train(source=vae.yaml)`"
    )
    what = f"no run at {str(path)!r}"
    if os.path.isfile(path):  # false for impossible paths too, as isdir is
        what = f"{str(path)!r} is a file, and no folder of a run"
    elif os.path.isdir(path):
        lost = Folder(Path(path)).missing_files()
        what = f"folder {str(path)!r} holds no {'run' if len(lost) > 1 else 'complete run'}"
        what += f", {lost[0]} is missing" if len(lost) == 1 else ""
        if any(Path(path).glob(f"{HOME}/*/config.yaml")):
            hint = f"its runs are {Path(path) / HOME}/*"
    return InputError("; ".join(filter(None, (what, accepted, hint))))


def listed(home: str | Path = HOME) -> list[Folder]:
    """List the readable runs below a folder, newest first; :func:`damaged` lists the others."""
    return sorted(_scan(Path(home))[0], key=lambda folder: folder.started, reverse=True)


def damaged(home: str | Path = HOME) -> list[str]:
    """List the errors of the damaged runs below a folder, one line each."""
    return _scan(Path(home))[1]


def latest() -> Folder:
    """Return the newest run under ``runs/`` that is trained; the newest of all if none is.

    A note names a newer run that is left out.

    Raises:
        InputError: there is none, or it has a link that leads out of its folder.
    """
    found = listed()
    if not found:
        raise InputError(
            f"there is no run under {HOME}{'/'}; train one with: "
            "`train(source=vae.yaml)`, or give a run's folder"
        )
    newest = found[0]
    chosen = next((folder for folder in found if folder.saved_step), newest)
    if chosen is not newest:
        said = f"the latest run {newest.path} is not trained, so {chosen.path} is taken"
        warnings.warn(Note(said), stacklevel=2)
    return open_run(chosen.path)


def new_path(config_name: str, now: datetime) -> Path:
    """Make the folder of a new run: ``runs/<config>-<date>``, with a number if that exists.

    Raises:
        InputError: the folder cannot be made.
    """
    base = HOME / f"{config_name.replace('/', '-')}-{now:%Y%m%d-%H%M%S}"
    path, number = base, 2
    while True:
        try:
            path.mkdir(parents=True)
            return path
        except FileExistsError:  # perhaps of another process that started in the same second
            path, number = base.with_name(f"{base.name}-{number}"), number + 1
        except OSError as error:
            raise InputError(
                f"run folder {path} cannot be made: {error.strerror}; choose another with `out`"
            ) from None


def _scan(home: Path) -> tuple[list[Folder], list[str]]:
    """Return the readable runs below a folder, and the errors of the others."""
    readable, problems = [], []
    found = (home.glob(f"**/{name}") for name in ("config.yaml", "environment.json"))
    for path in sorted({path.parent for paths in found for path in paths}):
        folder = Folder(path)
        try:
            folder.check_complete()
            if not folder.missing_files():
                folder.environment  # noqa: B018  # reads and checks the file
                readable.append(folder)
        except InputError as error:
            problems.append(str(error))
    return readable, problems
