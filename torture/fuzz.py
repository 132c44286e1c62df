"""``python -m torture.fuzz READER``: coverage-guided fuzzing of a reader, by atheris.

Options after the reader's name are libFuzzer's, such as ``-max_total_time=600``. Whatever is
not refused by an ``InputError`` is a crash, and its input is written to the working folder.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["genmodels", "yaml", "PIL"]):
    import yaml  # noqa: F401
    from PIL import Image

    from genmodels import config
    from genmodels.config import yaml12
    from genmodels.data import decoding
    from genmodels.errors import InputError
    from genmodels.runs import checkpoint, manifest

PLACE = Path(tempfile.mkdtemp(prefix="fuzz-"))


def configuration(content: bytes) -> None:
    """Read a configuration file."""
    with contextlib.suppress(InputError, UnicodeDecodeError):
        values = yaml12.parse(content.decode(), "fuzz")
        if isinstance(values, dict):
            config.resolve([values], "fuzz")


def saved(content: bytes) -> None:
    """Read a checkpoint and its header."""
    path = PLACE / "c.safetensors"
    path.write_bytes(content)
    checkpoint.peek(path)
    with contextlib.suppress(InputError):
        found = checkpoint.load(path)
        manifest.check(manifest.Header, found.header, path)


def picture(content: bytes) -> None:
    """Read a picture of a folder."""
    path = PLACE / "p.png"
    path.write_bytes(content)
    with contextlib.suppress(*decoding.BROKEN):
        decoding.size(path)
        array = decoding.decode(path, (8, 8), "auto", "crop")
        assert array.shape[1:] == (8, 8)


READERS: dict[str, Callable[[bytes], None]] = {
    "configuration": configuration,
    "checkpoint": saved,
    "picture": picture,
}


def seeds(reader: str) -> Path:
    """Make a folder of first inputs."""
    corpus = PLACE / "corpus"
    corpus.mkdir()
    if reader == "configuration":
        for name in config.presets():
            shutil.copy(config.find_config(name), corpus / name.replace("/", "-"))
    elif reader == "checkpoint":
        for path in (Path(__file__).parents[1] / "tests" / "runs").rglob("*.safetensors"):
            shutil.copy(path, corpus / f"{path.parts[-4]}-{path.parts[-3]}")
    else:
        for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"):
            for kind in ("png", "jpeg", "gif", "bmp", "tiff", "webp"):
                with contextlib.suppress(OSError, ValueError, KeyError):
                    Image.new(mode, (9, 5)).save(corpus / f"{mode}.{kind}".replace(";", ""), kind)
    return corpus


def main() -> None:
    """Fuzz the reader that is named until told to stop."""
    reader = sys.argv[1]
    arguments = [sys.argv[0], *sys.argv[2:], str(seeds(reader))]
    atheris.Setup(arguments, READERS[reader])
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    atheris.Fuzz()


if __name__ == "__main__":
    main()
