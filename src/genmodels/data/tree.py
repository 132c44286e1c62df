"""The pictures below a folder, at any depth, and what lies beside them."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from genmodels.data import decoding

# Folders that systems and network disks make: previews, deleted files, metadata.
JUNK = frozenset({
    "@eadir", "@recycle", "@tmp", "#recycle", "$recycle.bin", "__macosx", "__pycache__",
    "lost+found", "system volume information",
})  # fmt: skip


@dataclass(frozen=True)
class Tree:
    """A folder and all below it.

    Names are as the system gives them: bytes that are not UTF-8 are surrogates.

    Attributes:
        path: below the scanned folder, with ``/`` between names; empty for that folder.
        pictures: paths of the pictures directly in it, sorted.
        others: extension → number of other visible files directly in it.
        junk: paths of the folders in it that are not looked into, sorted.
        folders: the other folders in it, sorted by name.
    """

    path: str
    pictures: tuple[str, ...]
    others: Mapping[str, int]
    junk: tuple[str, ...]
    folders: tuple["Tree", ...]

    @property
    def name(self) -> str:
        """The folder's own name; empty for the scanned folder."""
        return self.path.rpartition("/")[2]

    @property
    def count(self) -> int:
        """The number of pictures at any depth."""
        return sum(len(tree.pictures) for tree in self.walk())

    def walk(self) -> Iterator["Tree"]:
        """Yield this folder and all folders below it, in order."""
        yield self
        for folder in self.folders:
            yield from folder.walk()

    def with_pictures(self) -> list["Tree"]:
        """List the folders in it that have pictures at any depth."""
        return [folder for folder in self.folders if folder.count]


def scan(folder: Path, depth: int = sys.maxsize) -> Tree:
    """Look through a folder. Links are followed, but never in a circle.

    Args:
        folder: its path.
        depth: how many levels of folders in it are looked into.

    Raises:
        OSError: a folder cannot be read.
    """
    return _scan(folder, "", decoding.extensions(), frozenset(), depth)


def is_junk(name: str) -> bool:
    """Return whether a folder is hidden, or made by a system and not by a person."""
    return name.startswith(".") or name.lower() in JUNK


def extension(name: str) -> str:
    """Return the extension of a file's name in lower case, such as ``.png``."""
    return os.path.splitext(name)[1].lower()


def _scan(
    folder: Path, below: str, known: frozenset[str], above: frozenset[Path], depth: int
) -> Tree:
    """Look through a folder that lies at ``below`` in the scanned one, and inside ``above``."""
    above |= {folder.resolve()}
    prefix = f"{below}/" if below else ""
    with os.scandir(folder) as inside:
        entries = sorted(inside, key=lambda entry: entry.name)
    files = [e.name for e in entries if not _is_folder(e) and not e.name.startswith(".")]
    names = [entry.name for entry in entries if _is_folder(entry)]
    return Tree(
        path=below,
        pictures=tuple(prefix + name for name in files if extension(name) in known),
        others=Counter(extension(name) for name in files if extension(name) not in known),
        junk=tuple(prefix + name for name in names if is_junk(name)),
        folders=tuple(
            _scan(folder / name, prefix + name, known, above, depth - 1)
            for name in names
            if depth and not is_junk(name) and (folder / name).resolve() not in above
        ),
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circular link is an unreadable file
        return False
