"""Processes that train one policy together, as ``torchrun`` starts them; Lightning Fabric carries what they say.

A batch is cut into ``train.accumulate`` pieces, each with randomness of its own; the processes share the pieces, and
add their gradients up. So the sum is over the same terms, however many processes there are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from simplatform.errors import ConfigError, MissingDependency

if TYPE_CHECKING:
    from lightning_fabric import Fabric

PATIENCE = timedelta(days=7)
"""How long the others wait for the first process to collect or evaluate."""


@dataclass(frozen=True)
class Group:
    """This process's place among all; alone by default, and then nothing is communicated."""

    rank: int = 0
    size: int = 1
    fabric: Fabric | None = None

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
        if self.fabric is None or not tensors:
            return
        flat = self._sum(torch.cat([tensor.detach().flatten() for tensor in tensors]))
        for tensor, total in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def any(self, value: bool, device: torch.device) -> bool:
        """Return whether the value is true in any process."""
        if self.fabric is None:
            return value
        return bool(self._sum(torch.tensor(float(value), device=device)) > 0)

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.fabric is not None:
            self.fabric.barrier()

    def _sum(self, value: Tensor) -> Tensor:
        assert self.fabric is not None
        total = self.fabric.all_reduce(value, reduce_op="sum")
        assert isinstance(total, Tensor)
        return total


def join(device: str = "cpu") -> Group:
    """Join the group that ``torchrun`` describes in the environment; without one, this process is alone.

    Raises:
        MissingDependency: there are several processes, and Lightning Fabric is not installed.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Group()
    fabric = _fabric(device, size)
    fabric.launch()
    return Group(fabric.global_rank, fabric.world_size, fabric)


def _fabric(device: str, size: int) -> Fabric:
    try:
        from lightning_fabric import Fabric
        from lightning_fabric.strategies.ddp import DDPStrategy
    except ImportError as error:
        raise MissingDependency(
            "training by several processes needs Lightning Fabric: pip install 'simplatform[cluster]'"
        ) from error
    here = int(os.environ.get("LOCAL_WORLD_SIZE", size))
    strategy = DDPStrategy(timeout=PATIENCE)
    kind = "cuda" if device.startswith("cuda") else "cpu"
    return Fabric(accelerator=kind, strategy=strategy, devices=here, num_nodes=size // here)


ALONE = Group()
