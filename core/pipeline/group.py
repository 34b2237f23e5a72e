"""Processes that train one policy together, as ``torchrun`` starts them.

A batch is cut into ``train.accumulate`` pieces, each with randomness of its own; the processes share the pieces, and
add their gradients up. So the sum is over the same terms, however many processes there are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor

from simplatform.errors import ConfigError

PATIENCE = timedelta(days=7)
"""How long the others wait for the first process to collect or evaluate."""


@dataclass(frozen=True)
class Group:
    """This process's place among all; alone by default, and then nothing is communicated."""

    rank: int = 0
    size: int = 1

    def share(self, pieces: int) -> range:
        """Return the pieces of a batch that this process computes.

        Raises:
            ConfigError: the pieces cannot be shared evenly.
        """
        if pieces % self.size:
            raise ConfigError(
                f"{self.size} processes share the pieces of a batch, so train.accumulate must be a multiple of "
                f"{self.size}, got {pieces}: --set train.accumulate={self.size}"
            )
        return range(self.rank, pieces, self.size)

    @torch.no_grad()
    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their sums over all processes; every process gets the same bits."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
        torch.distributed.all_reduce(flat)
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def any(self, value: bool, device: torch.device) -> bool:
        """Return whether the value is true in any process."""
        if self.size == 1:
            return value
        count = torch.tensor(float(value), device=device)
        torch.distributed.all_reduce(count)
        return bool(count > 0)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            torch.distributed.barrier()


def join(device: str = "cpu") -> Group:
    """Join the group that ``torchrun`` describes in the environment; without one, this process is alone."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Group()
    if device.startswith("cuda"):
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    return Group(torch.distributed.get_rank(), size)
