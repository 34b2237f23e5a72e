"""A periodic grid and its wave numbers: transforms, dealiasing, change of resolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from simplatform.errors import ConfigError


@dataclass(frozen=True)
class Grid:
    """``points[i]`` equidistant points along direction i of a periodic box of ``lengths[i]``."""

    points: tuple[int, ...]
    lengths: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.points) != len(self.lengths) or not 1 <= len(self.points) <= 3:
            raise ConfigError(
                f"a grid has 1 to 3 directions, each with points and a length; got {self.points} and {self.lengths}"
            )
        if any(n < 4 or n % 2 for n in self.points) or any(not length > 0 for length in self.lengths):
            raise ConfigError(
                f"a grid needs an even number of points from 4 and a positive length in every direction; got "
                f"{self.points} and {self.lengths}"
            )

    @property
    def dim(self) -> int:
        """Number of directions."""
        return len(self.points)

    @property
    def modes(self) -> tuple[int, ...]:
        """Shape of a real transform: the last direction keeps half."""
        return (*self.points[:-1], self.points[-1] // 2 + 1)

    @property
    def volume(self) -> float:
        """Volume of the box."""
        return math.prod(self.lengths)

    @cached_property
    def waves(self) -> tuple[Tensor, ...]:
        """Wave numbers along each direction, float64, in rad per unit of length, that broadcast over ``modes``."""
        return tuple(self._along(axis, half=axis == self.dim - 1) for axis in range(self.dim))

    @cached_property
    def full_waves(self) -> tuple[Tensor, ...]:
        """The same for complex transforms, over ``points``."""
        return tuple(self._along(axis, half=False) for axis in range(self.dim))

    @cached_property
    def square(self) -> Tensor:
        """|k|², float64, of shape ``modes``."""
        return torch.stack(torch.broadcast_tensors(*(k**2 for k in self.waves))).sum(0)

    def kept(self, power: int = 2) -> Tensor:
        """Return which modes hold no part that a product of ``power`` fields aliases, bool ``modes``: the 2/3 rule."""
        return _kept(self, self.waves, self.modes, power)

    def full_kept(self, power: int = 2) -> Tensor:
        """Return the same for complex transforms, over ``points``."""
        return _kept(self, self.full_waves, self.points, power)

    def below_nyquist(self) -> Tensor:
        """Return which modes lie below the highest of every direction, which a finer grid splits in two, ``modes``."""
        keep = torch.ones(self.modes, dtype=torch.bool)
        for axis, n in enumerate(self.points):
            index = torch.arange(self.modes[axis])
            keep = keep & (index != n // 2).reshape(-1, *(1,) * (self.dim - 1 - axis))
        return keep

    def places(self) -> tuple[Tensor, ...]:
        """Coordinates of the points, float64, one tensor of shape ``points`` for each direction, from 0."""
        axes = [
            length * torch.arange(n, dtype=torch.float64) / n
            for n, length in zip(self.points, self.lengths, strict=True)
        ]
        return torch.meshgrid(*axes, indexing="ij")

    def finer(self, factor: int) -> Grid:
        """Return the grid of the same box with ``factor`` times the points."""
        return Grid(tuple(n * factor for n in self.points), self.lengths)

    def transform(self, u: Tensor) -> Tensor:
        """Return the spectrum ``(..., *modes)`` of real fields ``(..., *points)``."""
        spectrum: Tensor = torch.fft.rfft(u) if self.dim == 1 else torch.fft.rfftn(u, dim=self._axes)
        return spectrum

    def inverse(self, v: Tensor) -> Tensor:
        """Return the real fields ``(..., *points)`` of a spectrum ``(..., *modes)``."""
        fields: Tensor
        if self.dim == 1:
            fields = torch.fft.irfft(v, n=self.points[0])
        else:
            fields = torch.fft.irfftn(v, s=self.points, dim=self._axes)
        return fields

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.dim, 0))

    def _along(self, axis: int, *, half: bool) -> Tensor:
        n, length = self.points[axis], self.lengths[axis]
        whole = torch.arange(n // 2 + 1) if half else torch.fft.fftfreq(n, 1 / n)
        shape = [1] * self.dim
        shape[axis] = -1
        return (2 * math.pi / length * whole.to(torch.float64)).reshape(shape)


def _kept(grid: Grid, waves: tuple[Tensor, ...], shape: tuple[int, ...], power: int) -> Tensor:
    keep = torch.ones(shape, dtype=torch.bool)
    for k, n, length in zip(waves, grid.points, grid.lengths, strict=True):
        keep = keep & ((k.abs() * length / (2 * math.pi)).round() * (power + 1) < n)
    return keep


def resample(u: Tensor, points: tuple[int, ...]) -> Tensor:
    """Return periodic fields ``(..., *old)`` on another grid of the same box, by their Fourier series.

    Modes that the coarser of the two grids cannot hold, its Nyquist mode included, are zero.
    """
    dim = len(points)
    old = tuple(u.shape[-dim:])
    if old == points:
        return u
    axes = tuple(range(-dim, 0))
    spectrum = torch.fft.fftn(u, dim=axes)
    for axis, (have, want) in enumerate(zip(old, points, strict=True), start=-dim):
        spectrum = _refit(spectrum, axis, have, want)
    fields = torch.fft.ifftn(spectrum, dim=axes).real
    answer: Tensor = fields * (math.prod(points) / math.prod(old))
    return answer


def _refit(spectrum: Tensor, axis: int, have: int, want: int) -> Tensor:
    half = (min(have, want) + 1) // 2
    low = spectrum.narrow(axis, 0, half)
    high = spectrum.narrow(axis, have - half + 1, half - 1)
    shape = list(spectrum.shape)
    shape[axis] = want - 2 * half + 1
    return torch.cat((low, spectrum.new_zeros(shape), high), axis)
