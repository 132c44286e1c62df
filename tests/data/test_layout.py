"""What a folder is: formats, classes, splits by names, descent, and what is left out."""

import os
from pathlib import Path

import pytest
from PIL import Image

from genmodels import data
from genmodels.data import decoding, layout
from genmodels.data.images import TEST, TRAIN, VALIDATION
from genmodels.errors import InputError


def fill(folder: Path, count: int, extension: str = "png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shade = len(list(folder.parent.rglob("*")))
    for number in range(count):
        picture = Image.new("L", (4, 4), (shade * 7 + number) % 256)
        picture.save(folder / f"{number}.{extension}")


def test_whatever_pillow_opens_is_a_picture(tmp_path: Path) -> None:
    for extension in ("png", "jfif", "pgm", "tga", "pcx"):
        fill(tmp_path / "mixed", 2, extension)
    for name in ("a.heic", "b.HEIC", "c.h5", "noted"):
        (tmp_path / "mixed" / name).write_text("no picture")
    images = data.load(str(tmp_path / "mixed"))
    assert len(images.table) == 10
    assert "left out 4 files" in images.notes[0]
    assert "2 .heic, 1 .h5, 1 without extension" in images.notes[0]
    assert not {".eps", ".wmf", ".mpg", ".h5", ".grib", ".bufr", ".pdf"} & decoding.extensions()


def test_junk_folders_are_no_classes(tmp_path: Path) -> None:
    for name in ("2", "10", "@eaDir", "lost+found", "__MACOSX", ".thumbnails"):
        fill(tmp_path / name, 2)
    found = layout.read(tmp_path)
    assert found.classes == ("2", "10")
    assert "2 classes: 2 (2), 10 (2)" in found.notes
    assert all(name in found.notes[-1] for name in ("@eaDir", "lost+found", "__MACOSX", ".thumb"))


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
@pytest.mark.parametrize("classes", [("",), ("cat", "dog")])
def test_names_of_splits_are_the_splits(
    tmp_path: Path, name: str, classes: tuple[str, ...]
) -> None:
    for split, count in (("train", 6), (name, 4), ("test", 2)):
        for each in classes:
            fill(tmp_path / split / each, count)
    images = data.load(str(tmp_path), validation=0.5)
    counts = [images.count(split) // len(classes) for split in (TRAIN, VALIDATION, TEST)]
    assert counts == [6, 4, 2]
    assert images.classes == (classes if len(classes) > 1 else ())
    assert "are the splits" in images.notes[0]
    if len(classes) == 1:
        hashed = data.load(str(tmp_path), splits="hash")
        assert hashed.classes == tuple(sorted(("train", name, "test")))


def test_other_names_are_classes_unless_splits_are_asked_for(tmp_path: Path) -> None:
    for name in ("train", "test", "extra"):
        fill(tmp_path / name, 2)
    assert layout.read(tmp_path).classes == ("extra", "test", "train")
    asked = layout.read(tmp_path, "folders")
    assert [*asked.splits.values()] == [TRAIN] * 2 + [TEST] * 2
    fill(tmp_path / "mine" / "a", 2)
    with pytest.raises(InputError, match=r"data\.splits=folders"):
        layout.read(tmp_path / "mine", "folders")


def test_the_only_folder_with_pictures_is_read(tmp_path: Path) -> None:
    fill(tmp_path / "flowers" / "images", 3)
    fill(tmp_path / "flowers" / "__MACOSX", 3)
    found = layout.read(tmp_path)
    assert (len(found.files), found.classes, found.inner) == (3, (), "flowers/images")
    assert "the only folder with pictures" in found.notes[0]


def test_pictures_that_lie_too_deep_are_named(tmp_path: Path) -> None:
    for name in ("a/train/cat", "b/train/dog"):
        fill(tmp_path / name, 2)
    with pytest.raises(InputError) as caught:
        layout.read(tmp_path)
    text = str(caught.value)
    assert f"4 lie below {tmp_path / 'a/train/cat'} …: give `data={tmp_path / 'a/train'}`" in text


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_are_bytes(tmp_path: Path) -> None:
    latin = os.fsdecode(b"Mu\xf1oz")
    for name in (latin, "other"):
        fill(tmp_path / name, 2)
    (tmp_path / latin / "0.png").rename(tmp_path / latin / f"{latin}_0.png")
    images = data.load(str(tmp_path))
    assert images.classes == ("Mu\\xf1oz", "other")
    (tmp_path / latin / f"{latin}_0.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"Mu\\xf1oz_0\.png: not a picture"):
        data.load(str(tmp_path))
