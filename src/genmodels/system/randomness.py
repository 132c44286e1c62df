"""Random numbers as a function of where they are used: (seed, stream, step, rank).

Nobody's numbers depend on how many somebody else drew. A training step, an epoch's
order, a grid of samples: each places its generators anew, so evaluation cannot disturb
training, and to resume a run one needs its seed and its step, nothing more.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

CPU = torch.device("cpu")


def position(seed: int, stream: str, step: int = 0, rank: int = 0) -> int:
    """Hash a position to a 63-bit seed, so that neighbouring positions are unrelated."""
    text = f"{seed}/{stream}/{step}/{rank}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


def generator(seed: int, stream: str, step: int = 0, rank: int = 0) -> torch.Generator:
    """Make a CPU generator that stands at a position.

    Numbers that must be the same on every device (orders, latents) are drawn on the CPU
    and moved.
    """
    return torch.Generator().manual_seed(position(seed, stream, step, rank))


def place(seed: int, stream: str, step: int = 0, rank: int = 0, device: torch.device = CPU) -> None:
    """Put PyTorch's global generators, of the CPU and of one device, at a position.

    For code that draws from them by itself: dropout, ``torch.randn_like`` in objectives.
    """
    number = position(seed, stream, step, rank)
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(number)
    elif device.type == "mps":
        torch.mps.manual_seed(number)


@contextmanager
def placed(
    seed: int, stream: str, step: int = 0, rank: int = 0, device: torch.device = CPU
) -> Iterator[None]:
    """:func:`place` for the length of a block; afterwards the generators are as before."""
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(others, device_type="cuda" if not others else device.type):
        place(seed, stream, step, rank, device)
        yield
