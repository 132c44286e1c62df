"""Several processes that train one model: who is who, and what they tell each other.

PyTorch's launcher (``torchrun``) starts them and says in the environment how many there
are. A single process is a world of one, which talks to nobody.
"""

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from genmodels.errors import InputError


@dataclass(frozen=True)
class Ranks:
    """This process among all that train together.

    Attributes:
        rank: its number; 0 alone writes and speaks.
        world: how many there are.
        local: its number on this machine, which is that of its GPU.
    """

    rank: int = 0
    world: int = 1
    local: int = 0

    @property
    def first(self) -> bool:
        """Whether this process writes and speaks for all."""
        return self.rank == 0

    def share(self, rows: Tensor) -> Tensor:
        """The rows of a batch that this process takes."""
        return rows if self.world == 1 else rows.chunk(self.world)[self.rank]

    def mean(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes, in one message."""
        if self.world == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.world
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def agree(self, number: float, device: torch.device) -> float:
        """The first process's number, in all."""
        if self.world == 1:
            return number
        told = torch.tensor(number, dtype=torch.float64, device=device)
        distributed.broadcast(told, 0)
        return told.item()

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether it is true in any process."""
        if self.world == 1:
            return flag
        told = torch.tensor(float(flag), device=device)
        distributed.all_reduce(told, distributed.ReduceOp.MAX)
        return bool(told)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.world > 1:
            distributed.barrier()


ALONE = Ranks()


def here() -> Ranks:
    """What the launcher's environment says of this process."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return ALONE
    return Ranks(int(os.environ["RANK"]), world, int(os.environ.get("LOCAL_RANK", "0")))


@contextmanager
def joined(device: torch.device, batch_size: int) -> Iterator[Ranks]:
    """Meet the other processes for the length of a block; alone where no launcher started us.

    Args:
        device: of this process; its kind chooses NCCL or gloo.
        batch_size: of all processes together.

    Raises:
        InputError: the batch cannot be shared out evenly.
    """
    ranks = here()
    if batch_size % ranks.world:
        raise InputError(
            f"train.batch_size is {batch_size}, of all {ranks.world} processes together; "
            f"give a multiple of {ranks.world}"
        )
    if ranks.world == 1:
        yield ranks
        return
    # Its functions take the group of the moment as their default. Imported only when an optimiser
    # is made, they would keep it, and its threads, until the interpreter is gone: an abort.
    importlib.import_module("torch.distributed.nn.functional")
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ranks
        ranks.wait()  # the first one saves last
    finally:
        distributed.destroy_process_group()
