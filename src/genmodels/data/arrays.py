"""Arrays of images in ``.npy`` and ``.npz`` files, which are never unpickled."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from genmodels.errors import InputError

EXTENSIONS = (".npy", ".npz")
KEYS = ("images", "arr_0")  # of the images in an archive; the first that is there is taken
LABELS = "labels"  # the key of the labels in an archive
# Errors of NumPy's reader on damaged files.
BROKEN = (
    OSError, EOFError, ValueError, KeyError, TypeError, SyntaxError, OverflowError, MemoryError,
    RuntimeError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Read an array of images, and the labels that an archive may have.

    Returns:
        The images, memory-mapped from an ``.npy`` file, and the labels or None.

    Raises:
        InputError: the file is missing or damaged, or has no array of images.
    """
    try:
        found = np.load(path, mmap_mode="c", allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found, None
        with found as archive:
            key = next((key for key in KEYS if key in archive.files), None)
            if key is None:
                inside = ", ".join(archive.files) or "nothing"
                raise InputError(
                    f"{path} has no array of images under {' or '.join(KEYS)}, but {inside}; write "
                    f"it as numpy.savez(file, {KEYS[0]}=…)"
                )
            labels = archive[LABELS] if LABELS in archive.files else None
            images = archive[key]
    except FileNotFoundError:
        raise InputError(f"there is no file {path}; give an array of images") from None
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(
            f"{path} cannot be read: {' '.join(str(error).split()) or type(error).__name__}; write "
            "an array of numbers with numpy.save or numpy.savez"
        ) from None
    for array in (images, labels):
        if not isinstance(array, np.ndarray | None):
            raise InputError(f"{path} has files that are no arrays; write it with numpy.savez")
    return images, labels
