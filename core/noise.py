"""Random numbers of episodes: row i of a batch draws from episode i's own stream, on the host, and is then sent.

So an episode's numbers do not depend on which others are answered with it, in which worker, or on which device. A
counter-based generator on the device would save the copy, which is a few hundred numbers a call; but torch has none
that gives the same bits on every device, and one of our own would have to be proven on each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

Draw = Callable[[tuple[int, ...], Generator], Tensor]


class EpisodeNoise(Generator):
    """The generator of a batch of episodes: ``streams[i]`` is row i's own, on the CPU.

    Policies draw from it, and from a plain generator alike, by ``simplatform.seeding.normal`` and its kin. Given to
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


def drawn(draw: Draw, shape: Sequence[int], generator: Generator) -> Tensor:
    """Draw ``(B, ...)`` where the generator lives: ``draw(size, stream)``, for ``EpisodeNoise`` once for each row.

    Raises:
        ValueError: another number of rows than there are episodes.
    """
    if not isinstance(generator, EpisodeNoise):
        return draw(tuple(shape), generator)
    if shape[0] != len(generator.streams):
        raise ValueError(f"{len(generator.streams)} episodes draw {len(generator.streams)} rows, asked for {shape[0]}")
    return torch.stack([draw(tuple(shape[1:]), stream) for stream in generator.streams])
