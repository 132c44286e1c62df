"""The layout of a folder of pictures: which files are pictures, and their classes and splits.

Three layouts are read: pictures directly in the folder, one folder for each class, and one
folder for each split with either of the two inside. Nothing is decoded here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genmodels.data.images import TEST, TRAIN, VALIDATION
from genmodels.data.tree import Tree, scan
from genmodels.errors import InputError, argument, readable_name

Splits = Literal["auto", "folders", "hash"]
FEWEST = 2  # smallest number of pictures in a folder
SHOWN = 10  # classes, folders or extensions named in one note
SPLIT_NAMES = {
    "train": TRAIN, "training": TRAIN, "val": VALIDATION, "valid": VALIDATION,
    "validation": VALIDATION, "test": TEST, "testing": TEST,
}  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """The pictures of a folder.

    Attributes:
        files: paths below the folder: by split, then by class, then by name.
        classes: readable names of the classes in natural order; empty if there are none.
        labels: file → number of its class; empty without classes.
        splits: file → ``train``, ``validation`` or ``test``; empty if no folder is a split.
        inner: path below the folder of the only folder that has pictures; empty if the
            pictures were not all in one.
        notes: what was found and what was left out, one sentence each.
    """

    files: tuple[str, ...]
    classes: tuple[str, ...]
    labels: Mapping[str, int]
    splits: Mapping[str, str]
    inner: str
    notes: tuple[str, ...]


# Name of a class's folder → its pictures; the name is empty for pictures without a class.
_Classes = Mapping[str, Sequence[str]]


def read(folder: Path, splits: Splits = "auto") -> Listing:
    """List the pictures of a folder.

    Args:
        folder: its path.
        splits: ``folders`` takes the folders named train, validation and test as the splits,
            and ``hash`` never does. ``auto`` takes them where no other folder has pictures.

    Raises:
        InputError: the folder cannot be read, has too few pictures, has pictures both in itself
            and in its folders, or lacks the folders of splits that were asked for.
    """
    try:
        tree = scan(folder)
    except OSError as error:
        raise InputError(
            f"folder {readable_name(str(error.filename))} cannot be read: {error.strerror}; "
            "change its permissions"
        ) from None
    top = _only(tree)
    named = {} if splits == "hash" else _named(folder, top, splits)
    if named:
        groups = {split: _classes(folder, _deep(part), True) for split, part in named.items()}
        groups = _alike(folder, named, groups)
    else:
        groups = {"": _classes(folder, top, top is tree)}
    return _listing(folder, tree, top, named, groups)


def has_pictures(folder: Path) -> bool:
    """Return whether a folder has pictures, in itself or in one of its folders."""
    try:
        tree = scan(folder, depth=1)
    except OSError:  # reading it says why
        return True
    return any(part.pictures for part in (tree, *tree.folders))


def natural(name: str) -> tuple[list[str | int], str]:
    """Return a key that sorts names by the numbers in them: 2 before 10."""
    parts = re.split("([0-9]+)", name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name


def _only(tree: Tree) -> Tree:
    """Return the folder to read: where only one folder has pictures, that folder."""
    while not tree.pictures and len(inside := tree.with_pictures()) == 1:
        tree = inside[0]
    return tree


def _deep(part: Tree) -> Tree:
    """Return the folder of a split in which its pictures or its classes lie."""
    while not part.pictures and len(inside := part.with_pictures()) == 1 and not inside[0].pictures:
        part = inside[0]
    return part


def _named(folder: Path, top: Tree, splits: Splits) -> dict[str, Tree]:
    """Return split → its folder, in order; empty if the folders are not splits."""
    inside = top.with_pictures()
    found = [part for part in inside if part.name.lower() in SPLIT_NAMES]
    wanted = splits == "folders" or (len(found) == len(inside) and not top.pictures)
    of_splits = [SPLIT_NAMES[part.name.lower()] for part in found]
    if not wanted or TRAIN not in of_splits or len(found) < 2:
        if splits == "folders":
            raise InputError(
                f"`data.splits=folders`: {_shown(folder, top.path)} has no pictures in a folder "
                "train and in a folder test or validation; rename its folders, or use auto"
            )
        return {}
    for split, times in Counter(of_splits).items():
        if times > 1:
            both = [part.name for part in found if SPLIT_NAMES[part.name.lower()] == split]
            raise InputError(
                f"folder {_shown(folder, top.path)}: {' and '.join(both)} are both the {split} "
                "split; put their pictures into one folder"
            )
    parts = dict(zip(of_splits, found, strict=True))
    return {split: parts[split] for split in (TRAIN, VALIDATION, TEST) if split in parts}


def _classes(folder: Path, part: Tree, strict: bool) -> _Classes:
    """Return the pictures directly in a folder, or those in its classes' folders.

    Raises:
        InputError: it has both, and ``strict`` does not allow that.
    """
    inside = {tree.name: tree.pictures for tree in part.folders if tree.pictures}
    if part.pictures and inside and strict:
        raise InputError(
            f"folder {_shown(folder, part.path)} has pictures both directly in it "
            f"({len(part.pictures):,}) and in its folders ({sum(map(len, inside.values())):,}); "
            "put them all in it, or all in one folder for each class"
        )
    return {"": part.pictures} if part.pictures else inside


def _alike(
    folder: Path, named: Mapping[str, Tree], groups: Mapping[str, _Classes]
) -> dict[str, _Classes]:
    """Return the pictures of each split, all with classes or all without.

    A name that is the only one in every split, such as ``images``, is no class.

    Raises:
        InputError: some splits have classes and others have none, or a split has no pictures.
    """
    for split, classes in groups.items():
        if not classes:
            raise InputError(
                f"the pictures of {_shown(folder, named[split].path)} lie too deep; put them "
                "directly in it, or in one folder for each class"
            )
    names = {name for classes in groups.values() for name in classes}
    if len(names) == 1:
        return {split: {"": next(iter(each.values()))} for split, each in groups.items()}
    if "" in names:
        flat = next(named[split].name for split, classes in groups.items() if "" in classes)
        raise InputError(
            f"folder {_shown(folder)}: its splits must all have folders of classes, or none, and "
            f"{flat} has none; sort the pictures into classes, or give `data=FOLDER` of one split"
        )
    return dict(groups)


def _listing(
    folder: Path,
    tree: Tree,
    top: Tree,
    named: Mapping[str, Tree],
    groups: Mapping[str, _Classes],
) -> Listing:
    """Put the groups in order, and say what was found and left out.

    Raises:
        InputError: there are too few pictures.
    """
    names = sorted({name for each in groups.values() for name in each if name}, key=natural)
    numbers = {name: number for number, name in enumerate(names)}
    labels: dict[str, int] = {}
    splits: dict[str, str] = {}
    files: list[str] = []
    for split, classes in groups.items():
        for name in sorted(classes, key=natural):
            files.extend(classes[name])
            if name:
                labels.update(dict.fromkeys(classes[name], numbers[name]))
            if split:
                splits.update(dict.fromkeys(classes[name], split))
    if len(files) < FEWEST:
        raise InputError(_too_few(folder, tree, top, len(files)))
    shown = tuple(map(readable_name, names))
    notes = [*_found(folder, top, named), *_counts(shown, labels), *_left_out(folder, tree, files)]
    return Listing(tuple(files), shown, labels, splits, top.path, tuple(notes))


def _too_few(folder: Path, tree: Tree, top: Tree, count: int) -> str:
    """Return the message that a folder has too few pictures, with a hint where others lie."""
    there = [part for part in tree.walk() if part.pictures]
    hint = ""
    if not count and there:
        above = folder / there[0].path.rpartition("/")[0]
        hint = (
            f"; {tree.count:,} lie below {_shown(folder, there[0].path)}"
            f"{' …' if len(there) > 1 else ''}: give `data={argument(readable_name(str(above)))}`"
        )
    elif others := _total(tree):
        hint = f"; its other files are no pictures: {_extensions(others)}"
    return (
        f"folder {_shown(folder, top.path)} has {count} picture{'' if count == 1 else 's'}, "
        f"{FEWEST} or more are needed: png, jpg, webp, avif or any format that Pillow opens, "
        f"directly in it or in one folder for each class{hint}"
    )


def _found(folder: Path, top: Tree, named: Mapping[str, Tree]) -> list[str]:
    """Say which folder was read, and which folders are splits."""
    notes = []
    if top.path:
        notes.append(f"reading {_shown(folder, top.path)}, the only folder with pictures")
    if named:
        words = [f"{readable_name(part.name)} ({part.count:,})" for part in named.values()]
        listed = f"{', '.join(words[:-1])} and {words[-1]}"
        note = f"the folders {listed} are the splits; data.splits: hash makes others"
        if TEST not in named:
            note += "; none is the test split, so a tenth of train is"
        if VALIDATION in named:
            note += "; data.validation is not used"
        notes.append(note)
    return notes


def _counts(names: Sequence[str], labels: Mapping[str, int]) -> list[str]:
    """List the classes with the number of pictures of each."""
    if not names:
        return []
    counts = Counter(labels.values())
    words = [f"{name} ({counts[number]:,})" for number, name in enumerate(names)]
    return [f"{len(names):,} class{'es' if len(names) > 1 else ''}: {_some(words)}"]


def _left_out(folder: Path, tree: Tree, files: Sequence[str]) -> list[str]:
    """Say which files and folders were left out."""
    notes = []
    if others := _total(tree):
        count = sum(others.values())
        notes.append(
            f"left out {count:,} file{'s' if count > 1 else ''} in {_shown(folder)} that are no "
            f"pictures: {_extensions(others)}"
        )
    if junk := [readable_name(path) for part in tree.walk() for path in part.junk]:
        notes.append(f"left out folders of the system and hidden ones: {_some(junk)}")
    if more := tree.count - len(files):
        taken = set(files)
        where = next(p.path for p in tree.walk() if p.pictures and p.pictures[0] not in taken)
        notes.append(
            f"left out {more:,} pictures that lie deeper or beside the folders that are read, "
            f"such as in {_shown(folder, where)}"
        )
    return notes


def _total(tree: Tree) -> Counter[str]:
    """Count the files that are no pictures, at any depth, by extension."""
    total: Counter[str] = Counter()
    for part in tree.walk():
        total.update(part.others)
    return total


def _extensions(counts: Counter[str]) -> str:
    return _some(
        f"{count:,} {readable_name(name) or 'without extension'}"
        for name, count in counts.most_common()
    )


def _some(words: Iterable[str]) -> str:
    """Return the first words as one text, and the number of the others."""
    words = list(words)
    more = len(words) - SHOWN
    return ", ".join(words[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _shown(folder: Path, below: str = "") -> str:
    """Return a path for a message."""
    return readable_name(str(folder / below))
