"""A folder of pictures: every format and mode, sizes, splits by content, the cached table."""

import errno
import os
import shutil
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from genmodels import data
from genmodels.data import decoding
from genmodels.data.images import TEST, TRAIN, VALIDATION, Images
from genmodels.errors import InputError

H, W = 6, 9
FLIP = Image.Transpose
# EXIF orientation → what was done to the upright picture before it was stored.
STORED = {
    2: FLIP.FLIP_LEFT_RIGHT, 3: FLIP.ROTATE_180, 4: FLIP.FLIP_TOP_BOTTOM, 5: FLIP.TRANSPOSE,
    6: FLIP.ROTATE_90, 7: FLIP.TRANSVERSE, 8: FLIP.ROTATE_270,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


def colours(seed: int = 0, height: int = H, width: int = W) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def greys(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (H, W), dtype=np.uint8)


def fill(folder: Path, count: int, prefix: str = "", start: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        Image.fromarray(colours(number)).save(folder / f"{prefix}{number:03d}.png")


def load(folder: Path, **options: object) -> Images:
    return data.load(str(folder), **options)  # type: ignore[arg-type]


def alone(folder: Path, name: str, save: Callable[[Path], None], **options: object) -> np.ndarray:
    """What one picture becomes, (C, H, W); its twin is there because one is too few."""
    for twin in ("a-", "b-"):
        save(folder / f"{twin}{name}")
    table = load(folder, **options).table
    assert torch.equal(table[0], table[1])
    return table[0].numpy()


def complaint(folder: Path, **options: object) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def listed(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "tables").rglob("*") if path.is_file())


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tif", ".TIFF", ".webp", ".gif"])
def test_lossless_formats_keep_every_pixel(folder: Path, extension: str) -> None:
    few = colours() // 64 * 64  # as many colours as fit a palette
    made = Image.fromarray(few)
    options: dict[str, Any] = {"lossless": True} if extension == ".webp" else {}
    got = alone(folder, f"x{extension}", lambda path: made.save(path, **options))
    assert np.array_equal(got, few.transpose(2, 0, 1))


@pytest.mark.parametrize("extension", [".jpg", ".JPEG"])
def test_jpeg(folder: Path, extension: str) -> None:
    smooth = np.linspace(0, 255, H * W * 3).reshape(H, W, 3).astype(np.uint8)
    got = alone(folder, f"x{extension}", lambda p: Image.fromarray(smooth).save(p, quality=95))
    assert np.abs(got.astype(int) - smooth.transpose(2, 0, 1)).max() < 12


@pytest.mark.parametrize("orientation", [1, *STORED])
@pytest.mark.parametrize("extension", [".png", ".webp", ".tif"])
def test_exif_orientation_is_applied(folder: Path, extension: str, orientation: int) -> None:
    upright = Image.fromarray(colours())
    stored = upright.transpose(STORED[orientation]) if orientation in STORED else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"lossless": True} if extension == ".webp" else {}
    got = alone(folder, f"x{extension}", lambda path: stored.save(path, exif=exif, **options))
    assert np.array_equal(got, colours().transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("image_size", [None, 5])
def test_what_is_transparent_lies_on_white(folder: Path, mode: str, image_size: int) -> None:
    made = Image.new("RGBA", (W, H), (0, 0, 0, 0))
    options: dict[str, Any] = {}
    if mode == "P":
        made, options = Image.new("P", (W, H), 3), {"transparency": 3}
        made.putpalette(bytes(range(96)))
    got = alone(folder, "x.png", lambda path: made.convert(mode).save(path, **options),
                image_size=image_size)  # fmt: skip
    assert (got == 255).all()


def test_half_transparent_is_half_white(folder: Path) -> None:
    made = Image.new("RGBA", (W, H), (255, 0, 0, 128))
    got = alone(folder, "x.png", made.save)
    assert got[:, 0, 0].tolist() == [255, 127, 127]


@pytest.mark.parametrize("extension", [".png", ".tif"])
def test_16_bits_are_scaled(folder: Path, extension: str) -> None:
    deep = np.linspace(0, 65535, H * W).reshape(H, W).round().astype(np.uint16)
    got = alone(folder, f"x{extension}", Image.fromarray(deep).save)
    assert np.array_equal(got[0], (deep / 257).round())


def test_floats_between_0_and_1_are_scaled(folder: Path) -> None:
    got = alone(folder, "x.tif", Image.fromarray((greys() / 255).astype(np.float32)).save)
    assert np.array_equal(got[0], greys())


@pytest.mark.parametrize("values", [np.float32(1.5), np.float32("nan"), np.int32(70_000)])
def test_values_without_a_defined_white_are_refused(folder: Path, values: np.generic) -> None:
    Image.fromarray(np.full((H, W), values)).save(folder / "deep.tif")
    fill(folder, 2)
    assert "deep.tif: values from" in complaint(folder)


def test_cmyk_and_bilevel(folder: Path) -> None:
    got = alone(folder, "x.tif", Image.new("CMYK", (W, H), (0, 255, 255, 0)).save)
    assert got[:, 0, 0].tolist() == [255, 0, 0]
    shutil.rmtree(folder)
    folder.mkdir()
    bits = greys() > 127
    assert np.array_equal(alone(folder, "x.png", Image.fromarray(bits).save)[0], bits * 255)


def test_first_frame_of_an_animation(folder: Path) -> None:
    frames = [Image.new("L", (W, H), value) for value in (40, 200)]
    got = alone(
        folder, "x.gif", lambda p: frames[0].save(p, save_all=True, append_images=frames[1:])
    )
    assert (got == 40).all()


@pytest.mark.parametrize(
    ("last", "channels", "expected"),
    [("grey", "auto", 1), ("grey as RGB", "auto", 1), ("colour", "auto", 3),
     ("colour", 1, 1), ("grey", 3, 3)],
)  # fmt: skip
def test_channels(
    folder: Path, monkeypatch: pytest.MonkeyPatch, last: str, channels: object, expected: int
) -> None:
    monkeypatch.setattr("genmodels.data.workers.CHUNK", 1)  # the last comes after some are written
    final = np.repeat(greys(9)[..., None], 3, 2) if last == "grey as RGB" else colours(9)
    for number in range(5):
        Image.fromarray(greys(number)).save(folder / f"{number}.png")
    Image.fromarray(greys(9) if last == "grey" else final).save(folder / "9.png")
    table = load(folder, channels=channels).table
    assert table.shape == (6, expected, H, W)
    assert all(np.array_equal(table[n, c], greys(n)) for n in range(5) for c in range(expected))
    if last == "colour" and expected == 3:
        assert np.array_equal(table[5], colours(9).transpose(2, 0, 1))


def test_crop_takes_the_middle_and_pad_keeps_all(folder: Path) -> None:
    wide = np.zeros((8, 24), np.uint8)
    wide[:, 8:16] = 200
    wide[:, :2] = 100
    made = Image.fromarray(wide)
    cropped = alone(folder, "x.png", made.save, image_size=8)
    padded = alone(folder, "x.png", made.save, image_size=24, fit="pad")
    assert (cropped == 200).all()
    assert np.array_equal(padded[0, 8:16], wide)
    assert not padded[0, :8].any()
    assert not padded[0, 16:].any()


def test_resizing_is_antialiased(folder: Path) -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    got = alone(folder, "x.png", Image.fromarray(stripes).save, image_size=16)
    assert abs(got.astype(int) - 127).max() <= 12


def test_a_size_is_taken_where_none_is_asked_and_it_is_said(folder: Path) -> None:
    fill(folder, 3)
    Image.fromarray(colours(9, 20, 30)).save(folder / "other.png")
    images = load(folder)
    assert images.image_shape == (3, 64, 64)
    assert "2 sizes (3 of 9x6, 1 of 30x20)" in images.notes[0]
    assert "data.image_size is not set: taking 64x64" in images.notes[0]
    assert load(folder, image_size=7).image_shape == (3, 7, 7)


def test_folders_are_classes(folder: Path) -> None:
    for number, name in enumerate(["zebra", "ant", "Cat"]):
        fill(folder / name, number + 1, start=10 * number)
    (folder / "empty").mkdir()
    images = load(folder)
    assert images.classes == ("Cat", "ant", "zebra")
    assert images.labels is not None
    assert images.labels.tolist() == [0, 0, 0, 1, 1, 2]
    assert np.array_equal(images.table[5], colours(0).transpose(2, 0, 1))


def test_a_flat_folder_has_no_labels(folder: Path) -> None:
    fill(folder, 3)
    images = load(folder)
    assert images.labels is None
    assert images.classes == ()


def test_what_is_left_out_is_said(folder: Path) -> None:
    fill(folder / "a", 2)
    fill(folder / "a" / "deeper", 2)
    (folder / ".hidden").mkdir()
    fill(folder / ".hidden", 2)
    (folder / "a" / ".x.png").write_text("hidden")
    (folder / "a" / "notes.txt").write_text("x")
    (folder / "list.csv").write_text("x")
    images = load(folder)
    assert len(images.table) == 2
    said = " ".join(images.notes)
    assert "left out 2 files" in said
    assert "left out 2 pictures that lie deeper" in said


def test_pictures_that_lie_too_deep_are_counted(folder: Path) -> None:
    for name in ("a/one", "a/two", "b/one"):
        fill(folder / name, 2)
    fill(folder / "a" / ".hidden", 2)
    (folder / "a" / "more").mkdir()  # without pictures
    text = complaint(folder)
    assert "has 0 pictures, 2 or more are needed" in text
    assert f"6 lie below {folder / 'a/one'} …: give `data={folder / 'a'}`" in text
    fill(folder, 3)
    said = " ".join(load(folder).notes)
    assert "left out 6 pictures that lie deeper" in said


def test_pictures_on_both_levels_are_refused(folder: Path) -> None:
    fill(folder, 2)
    fill(folder / "a", 3)
    assert "both directly in it (2) and in its folders (3)" in complaint(folder)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pictures(folder: Path, count: int) -> None:
    fill(folder, count)
    text = complaint(folder)
    assert f"has {count} picture" in text
    assert "webp" in text


def test_broken_pictures_are_counted_and_five_are_named(folder: Path, own_cache: Path) -> None:
    fill(folder, 4)
    whole = (folder / "000.png").read_bytes()
    for number in range(4):
        (folder / f"cut-{number}.png").write_bytes(whole[:-60])
    for number in range(3):
        (folder / f"text-{number}.jpg").write_text("no picture")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    text = complaint(folder)
    assert "8 of 12 pictures" in text
    assert "cut-0.png: " in text
    assert "gone.png: No such file" in text
    assert "and 3 more" in text
    assert text.count(".png: ") + text.count(".jpg: ") == 5
    assert list((own_cache / "tables").iterdir()) == []


def test_a_text_that_is_called_a_picture_is_no_picture(folder: Path) -> None:
    fill(folder, 2)
    (folder / "x.jpg").write_text("no picture")
    assert "1 of 3 pictures" in complaint(folder, image_size=8)
    assert "x.jpg: not a picture;" in complaint(folder)


def test_odd_metadata_and_large_scans_cause_no_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", H * W - 1)
    fill(folder, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load(folder).table) == 3


def splits_by_name(folder: Path) -> dict[str, str]:
    images = load(folder, validation=0.3)
    names = sorted(path.name for path in folder.iterdir())
    placed = {names[row]: split for split in images.splits for row in images.splits[split].tolist()}
    assert len(placed) == len(names)
    return placed


def test_adding_pictures_moves_no_other(folder: Path) -> None:
    fill(folder, 120)
    before = splits_by_name(folder)
    assert 3 <= list(before.values()).count(TEST) <= 25
    assert list(before.values()).count(VALIDATION) > 10
    fill(folder, 30, prefix="-", start=500)
    after = splits_by_name(folder)
    assert {name: after[name] for name in before} == before


def test_equal_pictures_are_on_the_same_side(folder: Path) -> None:
    fill(folder, 60, start=60)
    for path in list(folder.iterdir()):
        shutil.copy(path, folder / f"copy-{path.stem}.png")
    placed = splits_by_name(folder)
    names = [f"{number:03d}.png" for number in range(60, 120)]
    assert {placed[name] for name in names} == {TRAIN, VALIDATION, TEST}
    assert all(placed[name] == placed[f"copy-{name}"] for name in names)


def test_the_second_start_decodes_nothing(
    folder: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder, 5)
    seen: list[tuple[str, int, int]] = []
    first = load(folder, progress=lambda *told: seen.append(told))
    assert seen == [("reading pictures", 5, 5)]
    assert "decoded 5 pictures once into" in first.notes[0]
    monkeypatch.setattr(decoding, "decode", None)
    monkeypatch.chdir(folder.parent)
    second = data.load("./pictures")
    assert second.name == first.name == str(folder.resolve())
    assert torch.equal(second.table, first.table)
    assert second.fingerprint == first.fingerprint
    assert second.notes == ()
    second.table[0] = 0  # stays in memory
    assert load(folder).fingerprint == first.fingerprint
    assert len(listed(own_cache)) == 1


@pytest.mark.parametrize("change", ["content", "added", "removed"])
def test_a_changed_folder_replaces_its_table(folder: Path, own_cache: Path, change: str) -> None:
    fill(folder, 5)
    before = load(folder)
    if change == "content":
        Image.fromarray(colours(99)).save(folder / "003.png")
    elif change == "added":
        fill(folder, 1, start=7)
    else:
        (folder / "003.png").unlink()
    after = load(folder)
    assert after.fingerprint != before.fingerprint
    assert len(after.table) == {"content": 5, "added": 6, "removed": 4}[change]
    assert len(listed(own_cache)) == 1


def test_settings_have_tables_of_their_own(folder: Path, own_cache: Path) -> None:
    fill(folder, 3)
    shapes = [load(folder, image_size=size).image_shape for size in (4, 5, 4, None)]
    assert shapes == [(3, 4, 4), (3, 5, 5), (3, 4, 4), (3, H, W)]
    assert len(listed(own_cache)) == 3


def test_a_full_disk_leaves_nothing(
    folder: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder, 3)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        text = complaint(folder)
    assert "No space left on device" in text
    assert str(own_cache) in text
    assert listed(own_cache) == []
    assert len(load(folder).table) == 3


def test_a_cache_that_cannot_be_written_is_named(folder: Path, own_cache: Path) -> None:
    fill(folder, 3)
    own_cache.write_text("a file where a folder should be")
    text = complaint(folder)
    assert f"cannot be written to {own_cache}" in text
    assert "XDG_CACHE_HOME" in text


def test_a_damaged_table_is_named(folder: Path, own_cache: Path) -> None:
    fill(folder, 3)
    load(folder)
    table = next(own_cache.rglob("*.npy"))
    table.write_bytes(table.read_bytes()[:-10])
    text = complaint(folder)
    assert str(table) in text
    assert "delete it" in text


def test_broken_pictures_are_left_out_and_named(folder: Path, own_cache: Path) -> None:
    for name in "ab":
        fill(folder / name, 6)
    (folder / "a" / "000.png").write_bytes(b"")
    (folder / "b" / "zz.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"2 of 13 pictures .* leave them out with `on_bad=skip`"):
        load(folder)
    for _ in range(2):  # the second time from the cache
        images = load(folder, on_bad="skip")
        assert len(images.table) == 11
        assert images.labels is not None
        assert images.labels.tolist() == [0] * 5 + [1] * 6
        assert "left out 2 of 13 pictures that cannot be read: a/000.png: " in images.notes[-1]
        assert "b/zz.png: not a picture" in images.notes[-1]
    whole = Image.new("L", (8, 8), 7)
    whole.save(folder / "a" / "000.png")
    images = load(folder, on_bad="skip")  # a changed folder is looked at anew
    assert images.labels is not None
    assert images.labels.tolist() == [0] * 6 + [1] * 6
    assert len(list(own_cache.rglob("*.json"))) == 1


def test_where_nothing_can_be_read_nothing_is_left_out(folder: Path) -> None:
    for name in "ab":
        (folder / f"{name}.png").write_bytes(b"no picture")
    with pytest.raises(
        InputError, match=r"none of the 2 pictures .* can be read: .*; replace them"
    ):
        load(folder, on_bad="skip")


@pytest.mark.parametrize(
    "name", ["größe ☃ 図.png", "a" * 251 + ".png", "new\nline.png", "-rf.png", "%s{0}.png"]
)
def test_any_name_will_do(folder: Path, name: str) -> None:
    fill(folder, 3)
    Image.fromarray(colours(9)).save(folder / name)
    images = load(folder)
    row = sorted([*(f"{n:03d}.png" for n in range(3)), name]).index(name)
    assert np.array_equal(images.table[row].permute(1, 2, 0).numpy(), colours(9))
    (folder / name).write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"1 of 4 pictures"):
        load(folder)


def test_links_that_lead_in_a_circle(folder: Path) -> None:
    fill(folder, 3)
    (folder / "circle").symlink_to(folder)
    (folder / "self.png").symlink_to("self.png")
    with pytest.raises(InputError, match=r"both directly in it|cannot be read"):
        load(folder)
    (folder / "circle").unlink()
    with pytest.raises(InputError, match=r"1 of 4 pictures.*self\.png: "):
        load(folder)
    assert len(load(folder, on_bad="skip").table) == 3


def test_a_file_that_vanishes_while_the_folder_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(folder, 5)
    decode = decoding.decode

    def vanish(path: Path, *more: Any) -> np.ndarray:
        if path.name == "001.png":
            (folder / "003.png").unlink(missing_ok=True)
        return decode(path, *more)

    monkeypatch.setattr(decoding, "decode", vanish)
    with pytest.raises(InputError, match=r"1 of 5 pictures.*003\.png: No such file"):
        load(folder)
    assert len(load(folder).table) == 4


def test_pictures_of_one_pixel(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for number in range(4):
        Image.new("L", (1, 1), number * 60).save(folder / f"{number}.png")
    assert load(folder).table.flatten().tolist() == [0, 60, 120, 180]
    assert load(folder, image_size=8).table.shape == (4, 1, 8, 8)


def test_a_decompression_bomb_is_not_decoded(folder: Path) -> None:
    fill(folder, 2)
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = b""
    for kind, content in (
        (b"IHDR", header),
        (b"IDAT", zlib.compress(b"\0" * 10**6)),
        (b"IEND", b""),
    ):
        checked = kind + content
        chunks += struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
    (folder / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    with pytest.raises(InputError, match=r"1 of 3 pictures.*bomb\.png: .*decompression bomb"):
        load(folder, image_size=8)


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 5000, b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff"]
)
def test_bytes_that_are_no_picture(folder: Path, content: bytes) -> None:
    fill(folder, 2)
    for name in ("x.png", "x.jpg"):
        (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=r"2 of 4 pictures"):
        load(folder)
    assert len(load(folder, on_bad="skip").table) == 2


def test_a_wrong_extension_does_not_matter(folder: Path) -> None:
    fill(folder, 2)
    Image.fromarray(colours(7)).save(folder / "000.bmp", "PNG")
    assert np.array_equal(load(folder).table[0].permute(1, 2, 0).numpy(), colours(7))
