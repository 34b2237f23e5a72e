"""Seeds. Every random number of a run follows from (run seed, purpose, index), never from a worker or from history."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import Tensor


def derive(seed: int, purpose: str, index: int = 0) -> int:
    """Return a 63-bit seed for the ``index``-th use of a purpose ("train", "test", "step", …).

    >>> derive(0, "train") == derive(0, "train"), derive(0, "train") == derive(0, "train", index=1)
    (True, False)
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(purpose.encode()), index))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def episode_seed(seed: int, split: str, episode: int) -> int:
    """Return the seed for ``env.reset`` of one episode: the same whatever the number of workers. 31 bits."""
    return derive(seed, f"split/{split}", episode) & 0x7FFFFFFF


def torch_generator(seed: int, purpose: str, index: int = 0, device: str = "cpu") -> torch.Generator:
    """Return a torch generator for one use."""
    import torch

    return torch.Generator(device=device).manual_seed(derive(seed, purpose, index))


def normal(shape: Sequence[int], generator: torch.Generator, like: Tensor) -> Tensor:
    """Return standard normal numbers, drawn where the generator is, on the device and in the type of ``like``.

    A generator of the host gives the same numbers whatever the device. One copy, no wait where memory is pinned.
    """
    import torch

    drawn = torch.randn(tuple(shape), generator=generator, device=generator.device, dtype=like.dtype)
    return moved(drawn, like.device)


def integers(high: int, shape: Sequence[int], generator: torch.Generator, device: torch.device) -> Tensor:
    """Return whole numbers in [0, ``high``), drawn where the generator is, on ``device``."""
    import torch

    return moved(torch.randint(high, tuple(shape), generator=generator, device=generator.device), device)


def moved(value: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on a device; the host goes on while its memory is copied."""
    if value.device == device:
        return value
    if device.type == "cuda":
        value = value.pin_memory()
    return value.to(device, non_blocking=True)
