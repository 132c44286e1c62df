"""Randomness is a function of position."""

import torch

from genmodels.system import device as devices
from genmodels.system import randomness


def test_every_part_of_a_position_matters() -> None:
    places = [(0, "a", 0, 0), (1, "a", 0, 0), (0, "b", 0, 0), (0, "a", 1, 0), (0, "a", 0, 1)]
    numbers = [randomness.position(*place) for place in places]
    assert len(set(numbers)) == len(places)
    assert all(0 <= number < 2**63 for number in numbers)


def test_positions_never_change() -> None:
    # Written down once: a run resumed with a later version continues with the same numbers.
    assert randomness.position(0, "step", 7) == 206210036111531418
    drawn = torch.randn(2, generator=randomness.generator(3, "grid"))
    torch.testing.assert_close(drawn, torch.tensor([0.5364481807, -0.9055663347]))


def test_place_does_not_depend_on_what_was_drawn(device: devices.Device) -> None:
    drawn = []
    for before in (0, 5):
        torch.rand(before, device=device.device)
        randomness.place(0, "step", 3, device=device.device)
        drawn.append(torch.rand(4, device=device.device))
    assert torch.equal(*drawn)


def test_placed_gives_the_generators_back(device: devices.Device) -> None:
    torch.manual_seed(1)
    expected = torch.rand(2), torch.rand(2, device=device.device)
    torch.manual_seed(1)
    first = torch.rand(2)
    with randomness.placed(9, "x", device=device.device):
        torch.rand(7, device=device.device)
        torch.rand(7)
    assert torch.equal(first, expected[0])
    assert torch.equal(torch.rand(2, device=device.device), expected[1])
