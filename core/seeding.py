"""Seeds. Every random number of a run follows from (run seed, purpose, index), never from a worker or from history."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import Tensor


RANDOMNESS = 2
"""How episodes are drawn and answered; kept with every evaluation. 1: before batches, with the noise of a call drawn as
one, repeats counted as samples. 2: each episode's noise from its own stream, row by row."""


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
    """Return standard normal numbers ``(B, ...)``, drawn where the generator is, on the device and in the type of
    ``like``; the rows of ``simplatform.noise.EpisodeNoise`` each from their own episode's stream.

    A generator of the host gives the same numbers whatever the device, batch or precision (float64 draws its own). One
    copy, no wait where memory is pinned.
    """
    import torch

    return _drawn(torch.randn, shape, generator, like)


def uniform(shape: Sequence[int], generator: torch.Generator, like: Tensor) -> Tensor:
    """Return uniform numbers in [0, 1), else as ``normal``."""
    import torch

    return _drawn(torch.rand, shape, generator, like)


def integers(high: int, shape: Sequence[int], generator: torch.Generator, device: torch.device) -> Tensor:
    """Return whole numbers in [0, ``high``), drawn where the generator is, on ``device``; else as ``normal``."""
    import torch

    from simplatform.noise import drawn

    def draw(size: tuple[int, ...], stream: torch.Generator) -> Tensor:
        return torch.randint(high, size, generator=stream, device=stream.device)

    return moved(drawn(draw, shape, generator), device)


def _drawn(kind: Callable[..., Tensor], shape: Sequence[int], generator: torch.Generator, like: Tensor) -> Tensor:
    import torch

    from simplatform.noise import drawn

    made = torch.float64 if like.dtype == torch.float64 else torch.float32

    def draw(size: tuple[int, ...], stream: torch.Generator) -> Tensor:
        return kind(size, generator=stream, device=stream.device, dtype=made)

    return moved(drawn(draw, shape, generator).to(like.dtype), like.device)


def moved(value: Tensor, device: torch.device) -> Tensor:
    """Return a tensor on a device; the host goes on while its memory is copied."""
    if value.device == device:
        return value
    if device.type == "cuda":
        value = value.pin_memory()
    return value.to(device, non_blocking=True)
