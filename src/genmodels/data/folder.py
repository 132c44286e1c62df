"""A folder of pictures becomes a table: decoded once, in parallel, then treated like any set.

Flat, or one folder for each class. Pictures may have any size and mode: they are turned
upright, transparent parts lie on white, 16 bits are scaled to 8. The table is cached under
a key of the files and the settings, so the second start only maps it into memory.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
import platformdirs
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from genmodels.data.images import TEST, TRAIN, VALIDATION, Images, Progress, positions
from genmodels.data.resize import fit_picture
from genmodels.errors import InputError

EXTENSIONS = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"}
TEST_SHARE = 0.1  # of the distinct pictures; enough for a test, little enough to lose
FEWEST = 3  # pictures; fewer cannot be split
VERSION = 1  # of the decoding; a new one makes new tables
BROKEN = (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError, SyntaxError)


def load(
    path: Path,
    image_size: int | None,
    channels: Literal["auto", 1, 3],
    fit: str,
    progress: Progress,
) -> Images:
    """Load a folder of pictures.

    Raises:
        InputError: no or too few pictures, broken ones, or different sizes without
            ``image_size``.
    """
    paths, classes, skipped = _listed(path)
    if len(paths) < FEWEST:
        raise InputError(
            f"folder {path} has {len(paths)} picture(s), {FEWEST} or more are needed; accepted are "
            f"{', '.join(sorted(EXTENSIONS))}, directly in it or in one folder for each class"
        )
    table, note = decoded(str(path.resolve()), paths, image_size, channels, fit, progress)
    labels = torch.tensor([classes.index(p.parent.name) for p in paths]) if classes else None
    rows = torch.arange(len(paths))
    test = positions(table, rows, TEST) < TEST_SHARE
    splits = {TRAIN: rows[~test], VALIDATION: rows[:0], TEST: rows[test]}
    notes = [note] if note else []
    if skipped:
        notes.append(f"{path}: left out {skipped} file(s) that are no pictures")
    return Images(str(path), table, splits, labels, tuple(classes), tuple(notes))


def decoded(
    key: str,
    paths: Sequence[Path],
    image_size: int | None,
    channels: Literal["auto", 1, 3],
    fit: str,
    progress: Progress,
) -> tuple[Tensor, str]:
    """Decode pictures into a cached, memory-mapped table.

    Returns:
        (N, C, H, W) uint8, and a note for the user, which may be empty.
    """
    cache = platformdirs.user_cache_path("genmodels") / "tables"
    identity = hashlib.sha256(repr((VERSION, key, image_size, channels, fit)).encode())
    for file in paths:
        status = file.stat()
        identity.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    target = cache / f"{identity.hexdigest()[:32]}.npy"
    note = ""
    if not target.exists():
        size, found = _shape(paths, image_size, channels, progress)
        _decode(paths, target, size, found, fit, progress)
        note = f"decoded {len(paths):,} pictures once into {target}"
    return torch.from_numpy(np.load(target, mmap_mode="c")), note


def _listed(path: Path) -> tuple[list[Path], list[str], int]:
    """Pictures in a stable order, the classes (empty for a flat folder), files left out."""
    visible = sorted(p for p in path.iterdir() if not p.name.startswith("."))
    flat = [p for p in visible if p.is_file()]
    folders = [p for p in visible if p.is_dir()]
    nested = [p for f in folders for p in sorted(f.iterdir()) if _is_visible_file(p)]
    pictures = [p for p in flat if p.suffix.lower() in EXTENSIONS]
    in_classes = [p for p in nested if p.suffix.lower() in EXTENSIONS]
    if pictures and in_classes:
        raise InputError(
            f"folder {path} has pictures both directly in it ({len(pictures)}) and in folders "
            f"({len(in_classes)}); give a flat folder, or one folder for each class"
        )
    chosen = pictures or in_classes
    classes = sorted({p.parent.name for p in in_classes})
    return chosen, classes, len(flat) + len(nested) - len(chosen)


def _is_visible_file(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _shape(
    paths: Sequence[Path],
    image_size: int | None,
    channels: Literal["auto", 1, 3],
    progress: Progress,
) -> tuple[tuple[int, int], int]:
    """Find height, width and channels from the files' headers; count the broken ones."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(pool.map(_header, paths))
    _refuse_broken(paths, seen)
    sizes = {header[0] for header in seen if not isinstance(header, str)}
    grey = all(header[1] for header in seen if not isinstance(header, str))
    if image_size is None and len(sizes) > 1:
        shown = ", ".join(f"{height}x{width}" for height, width in sorted(sizes)[:4])
        raise InputError(
            f"the pictures have {len(sizes)} different sizes ({shown}, …); "
            "say the size to train at, as in --set data.image_size=64"
        )
    size = (image_size, image_size) if image_size else next(iter(sizes))
    return size, (1 if grey else 3) if channels == "auto" else channels


def _header(path: Path) -> tuple[tuple[int, int], bool] | str:
    """((height, width), grey?), or what is wrong."""
    try:
        with Image.open(path) as picture:
            width, height = picture.size
            if picture.getexif().get(0x0112, 1) in (5, 6, 7, 8):  # lies on its side
                width, height = height, width
            return (height, width), picture.mode in ("1", "L", "I", "F", "I;16", "I;16B")
    except BROKEN as error:
        return _reason(error)


def _decode(
    paths: Sequence[Path],
    target: Path,
    size: tuple[int, int],
    channels: int,
    fit: str,
    progress: Progress,
) -> None:
    """Write the table under a temporary name and rename it when it is complete."""
    shape = (len(paths), channels, *size)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.part")
    problems: list[str | None] = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
        if free < np.prod(shape):
            raise InputError(
                f"the table of {len(paths)} pictures needs {np.prod(shape) / 2**20:.0f} MiB in "
                f"{target.parent}, {free / 2**20:.0f} MiB are free; free space or set "
                "XDG_CACHE_HOME to another disk"
            )
        table = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
        jobs = ((table[index], path, fit) for index, path in enumerate(paths))
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for done, problem in enumerate(pool.map(_decode_one, *zip(*jobs, strict=True)), 1):
                problems.append(problem)
                progress("reading pictures", done, len(paths))
        _refuse_broken(paths, problems)
        table.flush()
        temporary.replace(target)
    except OSError as error:
        raise InputError(
            f"the table of pictures cannot be written to {target.parent}: {error.strerror}; "
            "free space or set XDG_CACHE_HOME to another disk"
        ) from None
    finally:
        temporary.unlink(missing_ok=True)


def _decode_one(row: np.ndarray, path: Path, fit: str) -> str | None:
    """Decode one picture into its row of the table; say what is wrong, if anything is."""
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            flat = _eight_bits(upright).convert("L" if len(row) == 1 else "RGB")
        array = np.asarray(fit_picture(flat, row.shape[1:], fit))
    except BROKEN as error:
        return _reason(error)
    row[...] = array[None] if array.ndim == 2 else array.transpose(2, 0, 1)
    return None


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Scale 16 bits to 8, and put what is transparent on white."""
    if picture.mode.startswith("I"):  # PIL opens 16-bit grey as I or I;16
        return Image.fromarray((np.asarray(picture).astype(np.float64) / 257).round().astype("u1"))
    if picture.has_transparency_data:
        solid = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", solid.size, "white"), solid)
    return picture


def _reason(error: BaseException) -> str:
    """What is wrong with a picture, without its path."""
    if isinstance(error, UnidentifiedImageError):
        return "no picture that can be identified"
    return getattr(error, "strerror", None) or str(error)


def _refuse_broken(paths: Sequence[Path], results: Sequence[object]) -> None:
    broken = [(p.name, r) for p, r in zip(paths, results, strict=True) if isinstance(r, str)]
    if broken:
        named = "; ".join(f"{name}: {reason}" for name, reason in broken[:5])
        more = f"; and {len(broken) - 5} more" if len(broken) > 5 else ""
        raise InputError(
            f"{len(broken)} of {len(paths)} pictures cannot be read ({named}{more}); "
            "repair or remove them"
        )
