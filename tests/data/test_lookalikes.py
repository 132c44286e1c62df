"""The search for images that another image may be a copy of."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from genmodels.data import lookalikes
from genmodels.data.lookalikes import LIMIT, Lookalikes, gap
from genmodels.system import randomness


def pictures(count: int, name: str, shape: tuple[int, int, int] = (1, 28, 28)) -> Tensor:
    """Smooth random images, (count, C, H, W), uint8."""
    channels, height, width = shape
    coarse = torch.rand(count, channels, 7, 7, generator=randomness.generator(0, name))
    return F.interpolate(coarse, (height, width), mode="bilinear").mul(255).to(torch.uint8)


def noisy(images: Tensor) -> Tensor:
    noise = torch.randn(images.shape, generator=randomness.generator(0, "noise"))
    return (images + 0.03 * noise).clamp(0, 1)


CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda images: images,
    "noise": noisy,
    "dimmed": lambda images: 0.9 * images,
    "brighter": lambda images: 0.5 + 0.5 * images,
    "shift down": lambda images: F.pad(images, (0, 0, 1, 0))[:, :, :-1],
    "shift up and left": lambda images: F.pad(images, (0, 1, 0, 1))[:, :, 1:, 1:],
    "flip": lambda images: images.flip(3),
    "all": lambda images: noisy(0.9 * F.pad(images.flip(3), (1, 0, 1, 0))[:, :, :-1, :-1]),
}


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 48)])
@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found(change: str, shape: tuple[int, int, int]) -> None:
    table = pictures(400, "table", shape)
    rows = torch.arange(0, 400, 3)
    found = Lookalikes(table, rows)(CHANGES[change](table[rows[:50]].float() / 255))
    assert (found.ratios < LIMIT).double().mean() >= 0.95
    assert found.rows.tolist() == rows[:50].tolist()


def test_tiny_images_are_searched_too() -> None:
    table = pictures(50, "tiny", (1, 5, 7))
    found = Lookalikes(table, torch.arange(50))(0.9 * table.float() / 255)
    assert found.rows.tolist() == list(range(50))
    assert (found.ratios < LIMIT).all()


def test_other_images_are_no_copies() -> None:
    found = Lookalikes(pictures(400, "table"), torch.arange(400))
    others = found(pictures(200, "others").float() / 255)
    assert (others.ratios < LIMIT).sum() == 0


def test_duplicates_in_the_table_hide_no_copy() -> None:
    table = pictures(100, "table")
    copies = [table[:20].flip(3), noisy(table[:20] / 255).mul(255).to(torch.uint8), table[:20]]
    search = Lookalikes(torch.cat([table, *copies]), torch.arange(160))
    found = search(noisy(table[:40].float() / 255))
    assert (found.ratios < LIMIT).all()


@pytest.mark.parametrize("dimensions", [2, 4])
def test_the_share_among_independent_points_follows_from_their_dimension(dimensions: int) -> None:
    generator = randomness.generator(0, "points")
    points = torch.rand(5000, dimensions, generator=generator)
    middle = 0.4 + 0.2 * torch.rand(20_000, dimensions, generator=generator)
    distances = torch.cat([
        torch.cdist(block, points).topk(12, 1, largest=False).values for block in middle.split(2000)
    ])  # fmt: skip
    first = (distances[:, 0] < LIMIT * distances[:, 1]).double().mean().item()
    assert first == pytest.approx(3.0**-dimensions, rel=0.12)
    either = (gap(distances) < LIMIT).double().mean().item()
    logarithm = sum(torch.tensor(1 - 3.0 ** -(j * dimensions)).log().item() for j in range(1, 9))
    assert either == pytest.approx(1 - torch.tensor(logarithm).exp().item(), rel=0.12)


def test_equal_distances_and_constant_images_are_no_copies() -> None:
    assert gap(torch.zeros(1, 5)).tolist() == [1]
    assert gap(torch.tensor([[0.0, 1e-9, 1e-8, 1.0]])).item() == pytest.approx(1e-3)
    search = Lookalikes(pictures(50, "table"), torch.arange(50))
    assert (search(torch.full((3, 1, 28, 28), 0.4)).ratios == 1).all()
    few = Lookalikes(torch.zeros(3, 1, 12, 12, dtype=torch.uint8), torch.arange(3))
    assert (few(torch.zeros(2, 1, 12, 12)).ratios == 1).all()


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pictures(100, "table")
    images = noisy(table[:30].float() / 255)
    whole = Lookalikes(table, torch.arange(100))(images)
    monkeypatch.setattr(lookalikes, "FLOATS", 1)
    each = Lookalikes(table, torch.arange(100))(images)
    assert torch.equal(whole.rows, each.rows)
    assert torch.allclose(whole.ratios, each.ratios)
