"""The processes that train one model together, and what they exchange.

PyTorch's launcher (``torchrun``) starts them and sets environment variables with their number.
A single process is a group of one and exchanges nothing.
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
class Processes:
    """This process among those that train together.

    Attributes:
        rank: the number of this process. Only process 0 writes files and prints.
        world_size: the number of all processes.
        local_rank: the number of this process on this machine, which is that of its GPU.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and prints for all."""
        return self.rank == 0

    @property
    def is_single(self) -> bool:
        """Whether there is no other process."""
        return self.world_size == 1

    def share(self, rows: Tensor) -> Tensor:
        """Return this process's share of the rows of a batch."""
        return rows if self.is_single else rows.chunk(self.world_size)[self.rank]

    def mean(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes, in one message."""
        if self.is_single or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        distributed.all_reduce(flat)
        flat /= self.world_size
        parts = flat.split([tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def from_first(self, number: float, device: torch.device) -> float:
        """Return the number of the first process, in every process."""
        if self.is_single:
            return number
        sent = torch.tensor(number, dtype=torch.float64, device=device)
        distributed.broadcast(sent, 0)
        return sent.item()

    def any(self, flag: bool, device: torch.device) -> bool:
        """Return whether the flag is true in any process."""
        if self.is_single:
            return flag
        largest = torch.tensor(float(flag), device=device)
        distributed.all_reduce(largest, distributed.ReduceOp.MAX)
        return bool(largest)

    def wait(self) -> None:
        """Wait until all processes have reached this call."""
        if not self.is_single:
            distributed.barrier()


SINGLE = Processes()


def launched() -> Processes:
    """Return this process's place in the group, from the launcher's environment variables."""
    world_size = int(os.environ.get("WORLD_SIZE", "1"))
    if world_size == 1:
        return SINGLE
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    return Processes(int(os.environ["RANK"]), world_size, local_rank)


@contextmanager
def joined(device: torch.device, batch_size: int) -> Iterator[Processes]:
    """Connect to the other processes for the length of a block.

    Args:
        device: the device of this process; its type chooses NCCL or gloo.
        batch_size: the batch size of all processes together.

    Raises:
        InputError: the batch size is not a multiple of the number of processes.
    """
    processes = launched()
    if batch_size % processes.world_size:
        raise InputError(
            f"train.batch_size is {batch_size}, of all {processes.world_size} processes together; "
            f"give a multiple of {processes.world_size}"
        )
    if processes.is_single:
        yield processes
        return
    # The functions of this module keep the default group that exists when the module is imported,
    # and optimisers import it. With a group of this block they would keep its threads until the
    # interpreter ends, and the process would abort. So it is imported before the group is made.
    importlib.import_module("torch.distributed.nn.functional")
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield processes
        processes.wait()  # the first process saves last
    finally:
        distributed.destroy_process_group()
