"""Formats of ``--out``: one table says what is written, listed and refused."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from genmodels.api import formats, save_images
from genmodels.api.formats import FORMATS, Format
from genmodels.data import pictures
from genmodels.errors import InputError

IMAGES = torch.randint(0, 256, (11, 3, 5, 4), dtype=torch.uint8)
FRAMES = torch.rand(2, 3, 1, 5, 4)


def opened(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_every_format_is_written_in_one_piece(tmp_path: Path) -> None:
    for number, each in enumerate(FORMATS):
        path = tmp_path / f"{number}{each.extension}"
        if each.kind == "images":
            formats.save_images(IMAGES.split(3), len(IMAGES), path, 4)
        else:
            formats.save_frames(FRAMES, path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{number}{each.extension}" for number, each in enumerate(FORMATS)
    }


def test_a_grid_and_a_folder_of_images(tmp_path: Path) -> None:
    formats.save_images(IMAGES.split(3), 11, tmp_path / "grid.png", 4)
    sheet = pictures.grid(IMAGES, 4).permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(opened(tmp_path / "grid.png"), sheet)
    formats.save_images(IMAGES.split(3), 11, tmp_path / "folder")
    names = [f"{number:02d}.png" for number in range(11)]
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == names
    for name, image in zip(names, IMAGES, strict=True):
        np.testing.assert_array_equal(opened(tmp_path / "folder" / name), image.permute(1, 2, 0))


def test_a_grid_that_is_too_large_is_refused_before_its_images_are_made(tmp_path: Path) -> None:
    made: list[Tensor] = []

    def chunks() -> Iterator[Tensor]:
        for _ in range(3):
            made.append(IMAGES)
            yield IMAGES

    with pytest.raises(InputError, match=r"^a grid of 10,000 columns and 10,000 rows is too large"):
        formats.save_images(chunks(), 10**8, tmp_path / "a.png")
    assert len(made) == 1
    assert not list(tmp_path.iterdir())


def test_arrays_hold_the_bytes_that_numpy_writes(tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz"):
        formats.save_images(IMAGES.split(3), 11, tmp_path / name)
    np.save(tmp_path / "numpys.npy", IMAGES.numpy())
    expected = (tmp_path / "numpys.npy").read_bytes()
    assert (tmp_path / "a.npy").read_bytes() == expected
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert archive.namelist() == ["images.npy"]
        assert archive.read("images.npy") == expected


def test_frames_as_rows_and_as_an_animation(tmp_path: Path) -> None:
    formats.save_frames(FRAMES, tmp_path / "frames.png")
    sheet = pictures.grid(FRAMES.flatten(0, 1), 3)[0].numpy()
    np.testing.assert_array_equal(opened(tmp_path / "frames.png"), sheet)
    formats.save_frames(FRAMES, tmp_path / "frames.gif")
    with Image.open(tmp_path / "frames.gif") as gif:
        assert gif.n_frames == 4  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["images", "frames"])
def test_what_is_unknown_is_refused_with_the_list(kind: formats.Kind, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        formats.check(kind, tmp_path / "x.jpeg")
    text = str(caught.value)
    assert "\n" not in text
    for each in FORMATS:
        assert (each.description in text) == (each.kind == kind)
    with pytest.raises(InputError, match=r"'\.PNG'"):
        formats.check(kind, tmp_path / "x.PNG")


def test_a_folder_has_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    formats.check("images", tmp_path / "empty")
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match=r"not an empty folder; .* add \.png for a grid"):
            formats.check("images", path)
    with pytest.raises(InputError, match=r"extension ''; use \.png"):
        formats.check("frames", tmp_path / "new")


@pytest.mark.parametrize("name", ["file.txt/y", "file.txt/y.npy", "/proc/x", "link", "link.png/y"])
def test_places_that_cannot_be_written(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file.txt").write_text("")
    for link in ("link", "link.png"):
        Path(link).symlink_to("nowhere/there")
    with pytest.raises(
        InputError, match=r"cannot be written.* (is a file|is not|exists)"
    ) as caught:
        save_images(IMAGES, name)
    assert "; choose another" in str(caught.value)


@pytest.mark.parametrize("name", ["x.npy", "x.npz", "x.png", "x"])
def test_an_interruption_leaves_no_partial_file(name: str, tmp_path: Path) -> None:
    def chunks() -> Iterator[Tensor]:
        yield IMAGES
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        formats.save_images(chunks(), 22, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == (["x"] if name == "x" else [])
    assert not list(tmp_path.rglob(".*"))


def test_what_exists_is_named_as_the_argument_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"^`path=.*choose another, or add"):
        save_images(IMAGES, tmp_path)
    with pytest.raises(InputError, match=r"^`path=.* has the extension '\.jpeg'"):
        save_images(IMAGES, tmp_path / "x.jpeg")


def test_an_animation_has_at_most_65535_pixels_a_side(tmp_path: Path) -> None:
    tall = torch.zeros(1, 2, 1, 66_000, 480, dtype=torch.uint8)
    with pytest.raises(InputError, match=r"^a GIF of 484 x 66,004 pixels is too large, 65,535 a"):
        save_images(tall, tmp_path / "a.gif")
    assert not list(tmp_path.iterdir())


def test_a_new_format_is_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(chunks: Iterable[torch.Tensor], count: int, path: Path, columns: Any) -> None:
        path.write_bytes(b"".join(chunk.numpy().tobytes() for chunk in chunks))

    row = Format("images", ".raw", "bytes alone", write)
    monkeypatch.setattr(formats, "FORMATS", (*FORMATS, row))
    formats.save_images(IMAGES.split(3), 11, tmp_path / "a.raw")
    assert (tmp_path / "a.raw").read_bytes() == IMAGES.numpy().tobytes()
    with pytest.raises(InputError, match=r"\.raw for bytes alone"):
        formats.check("images", tmp_path / "a.bmp")
    with pytest.raises(InputError, match=r"'\.raw'"):
        formats.check("frames", tmp_path / "a.raw")


@pytest.mark.parametrize(("command", "kind"), [("sample", "images"), ("interpolate", "frames")])
def test_the_help_names_every_format(genmodels: Any, command: str, kind: formats.Kind) -> None:
    shown = " ".join(genmodels(command, "--help").out.split())
    for each in FORMATS:
        if each.kind == kind:
            assert f"{each.extension or 'no extension'} for {each.description}" in shown
