"""Fields on a periodic grid: experts that read the neighbourhood of every point, by one rule for all points.

A 3 × 3 convolution in the basis of central differences (value, slope and bend along each axis, and their products: an
invertible change of its weights, which lets every difference have a unit of its own), then the layers of any contextual
expert at every point, that is 1 × 1 convolutions whose weights a context modulates: GEPS's low rank, CoDA's directions,
NCF's context net. Periodic padding, as in the convolutional networks of LEADS and CoDA for these systems; flows, where
a point feels all others at once, may add filters on the lowest Fourier modes (Li et al., 2021, arXiv:2010.08895).

It is no discretisation with known order: what is learned is the field that the Runge–Kutta steps of the settings carry
from one sample to the next. Boundaries that are not periodic are not covered.
"""

from __future__ import annotations

from itertools import product
from math import prod

import torch
from torch import Tensor

from simplatform.policies.dynamics.reconstruction.data import Systems
from simplatform.policies.dynamics.reconstruction.experts.base import Expert, VectorField, shared
from simplatform.policies.nn.scaling import positive, spread


class Spatial(Expert):
    """Experts of ``kind`` at every point of states ``shape = (channels, n, ...)``, flattened to d numbers.

    ``filters`` numbers from the ``modes`` lowest wave numbers join what a point sees. ``forced`` adds a learned field
    that is constant in time; without it the vector field commutes with translations of the grid.
    """

    centre: Tensor
    unit: Tensor
    kept: Tensor

    def __init__(
        self,
        experts: int,
        shape: tuple[int, ...],
        kind: type[Expert],
        width: int,
        depth: int,
        context: int,
        filters: int = 0,
        modes: int = 8,
        forced: bool = False,
    ) -> None:
        """Build the experts of the points, and what they see."""
        super().__init__(experts, prod(shape), width, depth, context)
        channels, *grid = shape
        self.shape = (shape, kind, width, depth, context, filters, modes, forced)
        self.channels, self.grid, self.axes = channels, tuple(grid), tuple(range(-1 - len(grid), -1))
        seen = channels * 3 ** len(grid)
        self.points = kind(experts, channels, width, depth, context, seen=seen + filters)
        self.separate = kind.separate
        for name, count in (("centre", channels), ("unit", channels)):
            self.register_buffer(name, (torch.zeros if name == "centre" else torch.ones)(count, dtype=torch.float64))
        waves = low_modes(self.grid, modes if filters else 0)
        self.register_buffer("kept", waves[0])
        self.filters = shared(experts, len(waves[1]), channels, filters, 2, scale=1.0)
        self.filters.data /= (1.0 + waves[1])[:, None, None, None]
        self.force = shared(experts, prod(shape) if forced else 0, scale=0.0)

    def measure(self, systems: Systems) -> None:
        """Take one unit for all points of a channel, and the sizes of the differences."""
        states = self._laid_out(systems.states.flatten(0, 2)[None])
        self.centre.copy_(states.flatten(0, -2).mean(0))
        self.unit.copy_(spread(states.flatten(0, -2)))
        rates = systems.rate_scale().view(self.channels, -1).square().mean(1).sqrt()
        for whole, channel in ((self.scale, self.unit), (self.rate, rates)):
            whole.copy_(channel.repeat_interleave(prod(self.grid)))
        self.points.rate.copy_(rates)
        seen = differences((states - self.centre) / self.unit, self.axes)
        rows = seen.flatten(0, -2)
        sizes = positive(rows.square().mean(0).sqrt(), rows.abs().amax(0))
        self.points.scale[: len(sizes)] = sizes

    def bind(self, chosen: Tensor, contexts: Tensor) -> VectorField:
        """Modulate the layers of every row."""
        return self._everywhere(chosen, self.points.bind(chosen, contexts))

    def taylor(self, chosen: Tensor, contexts: Tensor, near: Tensor, order: int) -> VectorField:
        """Expand the layers of every row around ``near``."""
        return self._everywhere(chosen, self.points.taylor(chosen, contexts, near, order))

    def _everywhere(self, chosen: Tensor, at_points: VectorField) -> VectorField:
        force = self.force[chosen] * self.rate if self.force.numel() else None
        filters = torch.view_as_complex(self.filters[chosen]) if self.filters.numel() else None

        def field(x: Tensor) -> Tensor:
            u = (self._laid_out(x) - self.centre) / self.unit
            seen = differences(u, self.axes)
            if filters is not None:
                seen = torch.cat([seen, self._filtered(u, filters)], -1)
            answer = at_points(seen.flatten(1, -2)).view(*x.shape[:2], -1, self.channels)
            answer = answer.transpose(-1, -2).flatten(-2)
            return answer if force is None else answer + force[:, None]

        return field

    def _laid_out(self, x: Tensor) -> Tensor:
        """Return flat states ``(R, N, d)`` with channels last, ``(R, N, n, ..., channels)``."""
        answer: Tensor = x.unflatten(-1, (self.channels, -1)).transpose(-1, -2).unflatten(-2, self.grid)
        return answer

    def _filtered(self, u: Tensor, filters: Tensor) -> Tensor:
        spectrum = torch.fft.rfftn(u, dim=self.axes)
        shape = spectrum.shape[2:-1]
        flat = spectrum.flatten(2, -2)
        kept = torch.einsum("rnmc,rmck->rnmk", flat[:, :, self.kept], filters)
        empty = flat.new_zeros(*flat.shape[:3], kept.shape[-1])
        answer: Tensor = torch.fft.irfftn(
            empty.index_copy(2, self.kept, kept).unflatten(2, shape), self.grid, self.axes
        )
        return answer


def differences(u: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return value, slope and bend along each periodic axis and all products of these: ``3^axes`` times the channels.

    ``u`` has its channels last. Slopes are ``(u₊ − u₋) / 2`` and bends ``u₊ + u₋ − 2u``, of second order
    in the spacing.
    """
    parts = [u]
    for axis in axes:
        found = []
        for part in parts:
            after, before = part.roll(-1, axis), part.roll(1, axis)
            found += [part, 0.5 * (after - before), after + before - 2 * part]
        parts = found
    return torch.cat(parts, -1)


def low_modes(grid: tuple[int, ...], most: int) -> tuple[Tensor, Tensor]:
    """Return where in a flattened ``rfftn`` the wave numbers up to ``most`` along each axis are, and their squares."""
    axes = [torch.fft.fftfreq(n, 1 / n) for n in grid[:-1]] + [torch.fft.rfftfreq(grid[-1], 1 / grid[-1])]
    waves = torch.tensor(list(product(*(axis.tolist() for axis in axes))), dtype=torch.float64)
    limit = torch.tensor([min(most, (n - 1) // 2) for n in grid], dtype=torch.float64)
    kept = (waves.abs() <= limit).all(1).nonzero()[:, 0] if most else torch.zeros(0, dtype=torch.int64)
    return kept, waves[kept].square().sum(1)
