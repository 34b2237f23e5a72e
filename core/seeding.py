"""Seeds. Every random number of a run follows from (run seed, purpose, index), never from a worker or from history."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive(seed: int, purpose: str, index: int = 0) -> int:
    """Return a 63-bit seed for the ``index``-th use of a purpose ("train", "test", "step", …)."""
    sequence = np.random.SeedSequence(seed, spawn_key=(zlib.crc32(purpose.encode()), index))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))


def episode_seed(seed: int, split: str, episode: int) -> int:
    """Return the seed for ``env.reset`` of one episode: the same whatever the number of workers. 31 bits."""
    return derive(seed, f"split/{split}", episode) & 0x7FFFFFFF


def torch_generator(seed: int, purpose: str, index: int = 0, device: str = "cpu") -> torch.Generator:
    """Return a torch generator for one use."""
    import torch

    return torch.Generator(device=device).manual_seed(derive(seed, purpose, index))
