"""Images of other tools: read as they are, or refused in one line with the way out."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from genmodels.data import given
from genmodels.data.given import GivenImages, GivenSource
from genmodels.data.images import Images, silent
from genmodels.errors import InputError

GREY, COLOUR, OBLONG = (1, 6, 6), (3, 6, 6), (3, 4, 6)  # channels, height, width
COUNT = 12


def data_set(shape: tuple[int, int, int], classes: tuple[str, ...] = ("cat", "dog")) -> Images:
    table = torch.zeros(4, *shape, dtype=torch.uint8)
    labels = torch.tensor([0, 1, 0, 1]) if classes else None
    rows = {
        "train": torch.arange(2),
        "validation": torch.arange(0),
        "test": torch.arange(2, 4),
    }
    return Images("pets", table, rows, labels, classes)


def pixels(shape: tuple[int, int, int], count: int = COUNT) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, (count, *shape), dtype=torch.uint8, generator=generator)


def write(folder: Path, images: Tensor, kind: str = "png") -> Path:
    for number, image in enumerate(images):
        path = folder / f"{number:03d}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        array = image.permute(1, 2, 0).numpy()
        Image.fromarray(array[..., 0] if array.shape[2] == 1 else array).save(path)
    return folder


def read(path: Path | Tensor, images: Images, fewest: int = 10) -> GivenImages:
    if isinstance(path, Tensor):
        return given.read(GivenSource("images", pixels=path), images, fewest, silent)
    source = given.source_of(path)
    assert source is not None
    return given.read(source, images, fewest, silent)


@pytest.mark.parametrize("shape", [GREY, COLOUR, OBLONG])
@pytest.mark.parametrize("kind", ["folder", "npy", "npz", "nhwc.npy", "float.npz", "big.npy",
                                  "fortran.npy", "tensor", "nhwc"])  # fmt: skip
def test_every_kind_holds_the_same_images(
    tmp_path: Path, shape: tuple[int, int, int], kind: str
) -> None:
    images, path = pixels(shape), tmp_path / f"a.{kind}"
    array, last = images.numpy(), images.permute(0, 2, 3, 1).numpy()
    if kind == "folder":
        path = write(tmp_path / "pictures", images)
    elif kind == "npy":
        np.save(path, array)
    elif kind == "npz":
        np.savez(path, array)  # under arr_0
    elif kind == "nhwc.npy":
        np.save(path, last)
    elif kind == "float.npz":
        np.savez_compressed(path, images=array.astype(np.float64) / 255, labels=[0, 1] * 6)
    elif kind == "big.npy":
        np.save(path, (array / np.float32(255)).astype(">f4"))
    elif kind == "fortran.npy":
        np.save(path, np.asfortranarray(array))
    source: Any = {"tensor": images, "nhwc": torch.from_numpy(last)}.get(kind, path)
    found = read(source, data_set(shape))
    assert found.pixels.shape == images.shape
    torch.testing.assert_close(torch.cat(list(found.blocks(5))), images.float() / 255)
    assert (found.labels is not None) == (kind == "float.npz")


def test_grey_arrays_need_no_axis_of_channels(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", pixels(GREY)[:, 0].numpy())
    assert torch.equal(read(tmp_path / "a.npy", data_set(GREY)).pixels, pixels(GREY))


def test_grey_pictures_are_read_in_the_colour_of_the_data(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a", pixels(GREY)), data_set(COLOUR))
    assert torch.equal(found.pixels, pixels(GREY).expand(-1, 3, -1, -1))
    found = read(write(tmp_path / "b", pixels(GREY).expand(-1, 3, -1, -1)), data_set(GREY))
    assert torch.equal(found.pixels, pixels(GREY))


def refusal(source: Any, images: Images) -> str:
    with pytest.raises(InputError) as error:
        read(source, images)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_another_size_or_colour_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "large", pixels((1, 8, 6)))
    assert refusal(folder, data_set(GREY)) == (
        f"{folder}: its pictures have 1 size (12 of 6x8), and those of pets 6x6; write them in "
        "that size"
    )
    folder = write(tmp_path / "colour", pixels(COLOUR))
    assert refusal(folder, data_set(GREY)).endswith(
        "its pictures have colour, and those of pets are grey; write them in grey"
    )
    np.save(tmp_path / "a.npy", pixels((1, 8, 8)).numpy())
    assert refusal(tmp_path / "a.npy", data_set(COLOUR)) == (
        f"{tmp_path / 'a.npy'}: an array (12, 1, 8, 8), and the images of pets are 3x6x6; give "
        "(N, 3, 6, 6), (N, 6, 6, 3)"
    )
    said = "an array (), and the images of pets are 1x6x6; give (N, 1, 6, 6), (N, 6, 6, 1), or (N,"
    assert said in refusal(torch.tensor(1.0), data_set(GREY))


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-1, 1, "from -1 to 1"), (0, 255, "from 0 to 255"), (0, float("nan"), "from nan to nan"),
     (0, 1.01, "from 0 to 1.01")],
)  # fmt: skip
def test_floats_outside_0_and_1_are_refused(low: float, high: float, said: str) -> None:
    images = torch.full((COUNT, *GREY), float(low))
    images[-1, 0, 0, 0] = high
    told = refusal(images, data_set(GREY))
    assert told.startswith(f"images: values {said}; give uint8, or floats in [0, 1]: of floats x")
    assert "(x + 1) / 2" in told
    assert "x / 255" in told


@pytest.mark.parametrize("kind", [np.int64, np.bool_, np.complex64, np.uint16])
def test_other_types_are_refused(tmp_path: Path, kind: Any) -> None:
    np.save(tmp_path / "a.npy", pixels(GREY).numpy().astype(kind))
    name = np.dtype(kind).name
    assert f"values of type {name}; give uint8, or floats in [0, 1]" in refusal(
        tmp_path / "a.npy", data_set(GREY)
    )


def test_too_few_are_refused(tmp_path: Path) -> None:
    said = "has 9 images; 10 or more are needed to compare: give more"
    assert said in refusal(pixels(GREY, 9), data_set(GREY))
    assert said in refusal(write(tmp_path / "few", pixels(GREY, 9)), data_set(GREY))
    assert "has 0 images" in refusal(pixels(GREY, 0), data_set(GREY))


class Trap:
    """An object whose unpickling leaves a trace."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("trap"),)


def damaged(path: Path) -> None:
    np.savez(path, images=pixels(GREY).numpy())
    content = bytearray(path.read_bytes())
    content[200:260] = b"x" * 60
    path.write_bytes(content)


def endless(path: Path) -> None:
    """An array whose header promises more than any memory."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": (2**60, 1, 6, 6)}
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", header.getvalue())


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "objects.npy": (lambda path: np.save(path, np.array([Trap()], object)), "cannot be read"),
    "objects.npz": (lambda path: np.savez(path, images=np.array([Trap()], object)), "be read"),
    "text.npy": (lambda path: path.write_text("text"), "cannot be read"),
    "empty.npz": (lambda path: path.write_bytes(b""), "cannot be read"),
    "damaged.npz": (damaged, "cannot be read"),
    "endless.npz": (endless, "cannot be read"),
    "keys.npz": (
        lambda path: np.savez(path, x=pixels(GREY).numpy(), y=[1]),
        "has no array of images under images or arr_0, but x, y; write it as numpy.savez(file, im",
    ),
    "missing.npy": (lambda path: None, "there is no file"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_files_without_images_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make, said = BROKEN[name]
    make(Path(name))
    assert said in refusal(Path(name), data_set(GREY))
    assert not Path("trap").exists()


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("images", "text")
    assert "has files that are no arrays" in refusal(tmp_path / "a.npz", data_set(GREY))


def test_folders_are_classes_of_the_data(tmp_path: Path) -> None:
    for name, part in (("dog", slice(0, 4)), ("0", slice(4, 12))):
        write(tmp_path / "a" / name, pixels(GREY)[part])
    found = read(tmp_path / "a", data_set(GREY))
    assert found.labels is not None
    assert found.labels.tolist() == [0] * 8 + [1] * 4  # in the order of the folders
    assert read(tmp_path / "a", data_set(GREY, ())).labels is None
    write(tmp_path / "a" / "cow", pixels(GREY, 1))
    assert refusal(tmp_path / "a", data_set(GREY)) == (
        f"{tmp_path / 'a'}: its folder cow is no class of pets; name folders by 0: cat, 1: dog, "
        "or put all pictures into one"
    )


@pytest.mark.parametrize("labels", [[0] * 11, [2] * 12, [-1] * 12, [0.0] * 12, [[0]] * 12])
def test_labels_that_are_no_classes_are_refused(tmp_path: Path, labels: Any) -> None:
    np.savez(tmp_path / "a.npz", images=pixels(GREY).numpy(), labels=labels)
    said = "its labels must be 12 integers from 0 to 1, the classes of pets; correct them, or leave"
    assert said in refusal(tmp_path / "a.npz", data_set(GREY))
    assert read(tmp_path / "a.npz", data_set(GREY, ())).labels is None


def test_broken_pictures_are_named(tmp_path: Path) -> None:
    (write(tmp_path / "a", pixels(GREY)) / "003.png").write_text("text")
    told = refusal(tmp_path / "a", data_set(GREY))
    assert re.search(
        r"1 of 12 pictures in \S+ cannot be read: 003.png: .*; replace or remove", told
    )
    assert "on_bad" not in told


def test_the_choice_is_random_and_fixed() -> None:
    images = GivenImages(GivenSource("a"), torch.arange(100).view(100, 1, 1, 1).byte())
    few, more = (images.chosen(count).pixels.flatten().tolist() for count in (10, 20))
    assert more[:10] == few
    assert len(set(more)) == 20
    assert more != sorted(more)


def test_the_digest_is_of_pixels_labels_and_type() -> None:
    one = GivenImages(GivenSource("a"), pixels(GREY))
    assert one.digest == GivenImages(GivenSource("b"), pixels(GREY)).digest
    others = [
        GivenImages(GivenSource("a"), pixels(GREY).flip(0)),
        GivenImages(GivenSource("a"), pixels(GREY).float()),
        GivenImages(GivenSource("a"), pixels(GREY), torch.zeros(COUNT, dtype=torch.int64)),
        GivenImages(GivenSource("a"), pixels(GREY).view(COUNT, 1, 4, 9)),
    ]
    assert len({one.digest, *(each.digest for each in others)}) == 5


def test_paths_without_images_are_none(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("text")
    write(tmp_path / "a" / "b" / "c", pixels(GREY, 1))
    assert given.source_of(tmp_path) is None
    assert given.source_of(tmp_path / "a") is None, "only one level of folders is read"
    assert given.source_of(tmp_path / "a" / "b") is not None
    assert given.source_of(tmp_path / "notes.txt") is None
    assert given.source_of(tmp_path / "nothing") is None
    assert given.source_of(Path("x" * 5000)) is None
