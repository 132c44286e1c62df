"""One picture is read exactly as the row that it is of a folder's table."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from genmodels import data, sampling
from genmodels.api import requests
from genmodels.data import decoding
from genmodels.data.images import Images
from genmodels.errors import InputError
from genmodels.sampling import inversion

RANDOM = np.random.default_rng(0)
COLOUR = RANDOM.integers(0, 256, (30, 44, 3), dtype=np.uint8)
ALPHA = RANDOM.integers(0, 256, (30, 44, 1), dtype=np.uint8)
DEEP = RANDOM.integers(0, 65536, (30, 44)).astype(np.uint16)


def rgba(path: Path) -> None:
    Image.fromarray(np.concatenate([COLOUR, ALPHA], 2)).save(path)


def deep_grey(path: Path) -> None:
    Image.fromarray(DEEP).save(path)


def rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.fromarray(COLOUR).save(path, exif=exif)


def palette(path: Path) -> None:
    Image.fromarray(COLOUR).quantize(16).save(path, transparency=3)


def plain(path: Path) -> None:
    Image.fromarray(COLOUR).save(path)


def grey_in_colour(path: Path) -> None:
    Image.fromarray(COLOUR[..., :1].repeat(3, 2)).save(path)


def table(folder: Path, save: Callable[[Path], None], **options: object) -> Images:
    """A folder's table; its two pictures are equal, because one is too few."""
    folder.mkdir()
    for name in ("a.png", "b.png"):
        save(folder / name)
    return data.load(str(folder), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", ["auto", 1, 3])
@pytest.mark.parametrize("fit", ["crop", "pad"])
@pytest.mark.parametrize("save", [rgba, deep_grey, rotated, palette, plain, grey_in_colour])
def test_a_picture_is_read_as_its_row_of_the_table(
    tmp_path: Path, save: Callable[[Path], None], fit: decoding.Fit, channels: decoding.Channels
) -> None:
    folder = tmp_path / "pictures"
    images = table(folder, save, image_size=16, fit=fit, channels=channels)
    read = decoding.read(folder / "a.png", images.image_shape, fit)
    assert torch.equal(read, images.batch(torch.tensor([0])).images[0])


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_interpolate_reads_pictures_as_the_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fit: decoding.Fit
) -> None:
    images = table(tmp_path / "pictures", rgba, image_size=16, fit=fit)
    seen: list[torch.Tensor] = []

    class Seen(Exception):
        pass

    def find(model: object, image: torch.Tensor, *rest: object) -> None:
        seen.append(image)
        raise Seen

    model = SimpleNamespace(image_shape=images.image_shape, num_classes=0)
    settings = SimpleNamespace(data=SimpleNamespace(fit=fit))
    wanted = requests.InterpolationRequest.of(
        "slerp", None, None, 0, None, tmp_path / "pictures" / "a.png", None, None
    )
    monkeypatch.setattr(inversion, "find_latents", find)
    monkeypatch.setattr(sampling, "labels", lambda *args: None)
    monkeypatch.setattr(sampling, "latents", lambda *args: [torch.zeros(2, 3)])
    with pytest.raises(Seen):
        wanted.images(model, (), settings, quiet=True)  # type: ignore[arg-type]
    assert torch.equal(seen[0], images.batch(torch.tensor([0])).images)


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    Image.fromarray(COLOUR).save(tmp_path / "cut.png")
    whole = (tmp_path / "cut.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "nan.tif")
    said = {
        "missing.png": "there is no file ",
        "no.png": "no.png cannot be read: not a picture",
        "cut.png": "cut.png cannot be read: ",
        "nan.tif": "nan.tif cannot be read: values from nan",
        ".": "cannot be read: ",
    }
    for name, words in said.items():
        with pytest.raises(InputError) as caught:
            decoding.read(tmp_path / name, (3, 8, 8), "crop")
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
