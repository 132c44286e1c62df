"""Random numbers as a function of their position: (seed, stream, step, rank).

Each use of random numbers seeds its generators from its own position. Examples are a training
step, the order of an epoch and a grid of samples. So the numbers of one use do not depend on
how many numbers another use drew: evaluation does not change training, and the seed and the
step are enough to resume a run.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch

CPU = torch.device("cpu")


def position(seed: int, stream: str, step: int = 0, rank: int = 0) -> int:
    """Hash a position to a 63-bit seed; neighbouring positions have unrelated seeds."""
    text = f"{seed}/{stream}/{step}/{rank}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1


def generator(seed: int, stream: str, step: int = 0, rank: int = 0) -> torch.Generator:
    """Make a CPU generator that is seeded from a position.

    Numbers that must be equal on every device, such as orders and latents, are drawn on the CPU
    and then moved.
    """
    return torch.Generator().manual_seed(position(seed, stream, step, rank))


def place(seed: int, stream: str, step: int = 0, rank: int = 0, device: torch.device = CPU) -> None:
    """Seed PyTorch's global generators, of the CPU and of one device, from a position.

    Dropout and ``torch.randn_like`` in objectives draw from these generators.
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
    """Apply :func:`place` for the length of a block, then restore the generators."""
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(others, device_type="cuda" if not others else device.type):
        place(seed, stream, step, rank, device)
        yield
