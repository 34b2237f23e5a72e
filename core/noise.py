"""Random numbers of episodes: row i of a batch draws from episode i's own stream, on the host, and is then sent.

So an episode's numbers do not depend on which others are answered with it, in which worker, or on which device. A
counter-based generator on the device would save the copy, which is a few hundred numbers a call; but torch has none that
gives the same bits on every device, and one of our own would have to be proven on each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor


class EpisodeNoise(Generator):
    """The generator of a batch of episodes: ``streams[i]`` is row i's own, on the CPU.

    Policies draw from it, and from a plain generator alike, by ``normal``, ``uniform`` and ``integers``. Given to
    ``torch.randn`` itself it is a generator like any other, seeded as the first row's.
    """

    streams: tuple[Generator, ...]

    def __new__(cls, streams: Sequence[Generator]) -> EpisodeNoise:
        """Join streams; each goes on from where it is."""
        noise = super().__new__(cls)
        noise.streams = tuple(streams)
        if noise.streams:
            noise.manual_seed(noise.streams[0].initial_seed())
        return noise

    def rows(self, chosen: Sequence[int]) -> EpisodeNoise:
        """Return the streams of some rows, in that order."""
        return EpisodeNoise([self.streams[row] for row in chosen])


def normal(shape: Sequence[int], generator: Generator, like: Tensor) -> Tensor:
    """Return standard normal numbers of a shape ``(B, ...)``, with the device and type of ``like``."""
    return _drawn(
        lambda size, stream: torch.randn(tuple(size), generator=stream, **_made(stream, like)), shape, generator, like
    )


def uniform(shape: Sequence[int], generator: Generator, like: Tensor) -> Tensor:
    """Return uniform numbers in [0, 1) of a shape ``(B, ...)``, with the device and type of ``like``."""
    return _drawn(
        lambda size, stream: torch.rand(tuple(size), generator=stream, **_made(stream, like)), shape, generator, like
    )


def integers(high: int, shape: Sequence[int], generator: Generator, like: Tensor) -> Tensor:
    """Return uniform integers in [0, high) of a shape ``(B, ...)``, int64 on the device of ``like``."""

    def draw(size: Sequence[int], stream: Generator) -> Tensor:
        return torch.randint(high, tuple(size), generator=stream, device=stream.device)

    return _rows(draw, shape, generator).to(like.device)


def _drawn(
    draw: Callable[[Sequence[int], Generator], Tensor], shape: Sequence[int], generator: Generator, like: Tensor
) -> Tensor:
    return _rows(draw, shape, generator).to(like.device, like.dtype)


def _rows(draw: Callable[[Sequence[int], Generator], Tensor], shape: Sequence[int], generator: Generator) -> Tensor:
    """Draw where the generator lives; the rows of ``EpisodeNoise`` each from their own stream."""
    if not isinstance(generator, EpisodeNoise):
        return draw(shape, generator)
    if shape[0] != len(generator.streams):
        raise ValueError(f"{len(generator.streams)} episodes draw {len(generator.streams)} rows, asked for {shape[0]}")
    return torch.stack([draw(shape[1:], stream) for stream in generator.streams])


def _made(stream: Generator, like: Tensor) -> dict[str, object]:
    """Return where numbers are made: with the generator, in double precision for float64 and else in single."""
    return {"device": stream.device, "dtype": torch.float64 if like.dtype == torch.float64 else torch.float32}
