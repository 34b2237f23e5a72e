"""Initial fields: random Fourier series, Gaussian random fields, solitons, seeds of a pattern."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from simplatform.envs.fields.equations.korteweg_de_vries import soliton
from simplatform.envs.fields.grid import Grid, resample
from simplatform.envs.fields.problems.base import Start

BASE = 32
"""Points in each direction of the noise that a Gaussian field grows from, whatever the grid that it is wanted on."""


def waves(most: int, amplitude: float = 1.0, channels: int = 1) -> Start:
    """Return random Fourier series of wave numbers up to ``most`` in each direction, of standard deviation 1."""

    def start(random: np.random.Generator, grid: Grid) -> Tensor:
        return amplitude * torch.stack([_series(random, grid, most) for _ in range(channels)])

    return start


def gaussian_field(slope: float, peak: float, amplitude: float = 1.0) -> Start:
    """Return Gaussian random fields with the spectrum k^slope exp(−(k/peak)²), in rad per unit of length, zero mean and
    the standard deviation ``amplitude`` over all draws.

    One draw is one function on every grid that holds ``BASE`` waves in each direction: its size is set by the sum over
    its modes, and not by the points on which it is seen. A single draw is a little larger or smaller.
    """

    def gain(grid: Grid) -> Tensor:
        size = grid.square.sqrt()
        rise = torch.where(size > 0, size.clamp_min(1e-300) ** (slope / 2), 0.0)
        return rise * torch.exp(-0.5 * (size / peak) ** 2)

    def start(random: np.random.Generator, grid: Grid) -> Tensor:
        base = Grid((BASE,) * grid.dim, grid.lengths)
        noise = torch.from_numpy(random.standard_normal(base.points))
        coarse = base.inverse(gain(base) * base.below_nyquist() * base.transform(noise))
        pulse = torch.zeros(base.points, dtype=torch.float64)
        pulse[(0,) * grid.dim] = 1.0
        spread = base.inverse(gain(base) * base.below_nyquist() * base.transform(pulse)).square().sum().sqrt()
        return resample(amplitude * coarse / spread, grid.points)[None]

    return start


def solitons(count: int, speeds: tuple[float, float]) -> Start:
    """Return the sum of solitons of Korteweg & de Vries at random places, speeds evenly drawn."""

    def start(random: np.random.Generator, grid: Grid) -> Tensor:
        places = (np.arange(count) + random.uniform(0.2, 0.8, count)) * grid.lengths[0] / count
        return sum(
            (soliton(grid, random.uniform(*speeds), float(place))[0] for place in places),
            torch.zeros(1, *grid.points, dtype=torch.float64),
        )

    return start


def bright_solitons(count: int) -> Start:
    """Return the sum of solitons of Schrödinger's equation that travel, as real and imaginary part."""

    def start(random: np.random.Generator, grid: Grid) -> Tensor:
        x, length = grid.places()[0], grid.lengths[0]
        psi = torch.zeros(grid.points, dtype=torch.complex128)
        for index in range(count):
            centre = (index + random.uniform(0.3, 0.7)) * length / count
            amplitude, phase = random.uniform(0.7, 1.3), random.uniform(0, 2 * math.pi)
            turn = 2 * math.pi / length * random.integers(-4, 5)  # a whole number of waves fits the box
            gap = (x - centre + length / 2) % length - length / 2
            psi += amplitude / torch.cosh(amplitude * gap) * torch.exp(1j * (turn * (x - centre) + phase))
        return torch.stack((psi.real, psi.imag))

    return start


def spots(count: int) -> Start:
    """Return u = 1, v = 0 with smooth spots of u = ½, v = ¼, and a little noise: what Gray–Scott patterns grow from."""

    def start(random: np.random.Generator, grid: Grid) -> Tensor:
        places = grid.places()
        bump = torch.zeros(grid.points, dtype=torch.float64)
        for _ in range(int(random.integers(2, count + 1))):
            square = torch.zeros(grid.points, dtype=torch.float64)
            for place, length in zip(places, grid.lengths, strict=True):
                gap = (place - random.uniform(0, length) + length / 2) % length - length / 2
                square = square + (gap / (0.05 * length)) ** 2
            bump = torch.maximum(bump, torch.exp(-square))
        ripple = 0.02 * _series(random, grid, 8)
        return torch.stack((1 - 0.5 * bump, bump * (0.25 + ripple)))

    return start


def displaced(most: int) -> Start:
    """Return a displacement at rest: a random Fourier series, and zero speed."""

    def start(random: np.random.Generator, grid: Grid) -> Tensor:
        place = _series(random, grid, most)
        return torch.stack((place, torch.zeros_like(place)))

    return start


def _series(random: np.random.Generator, grid: Grid, most: int) -> Tensor:
    """Return a series of the modes up to ``most``, the same function on any grid that holds them."""
    noise = torch.from_numpy(random.standard_normal((2 * most + 2,) * grid.dim))
    spectrum = torch.fft.fftn(noise)
    low = [torch.fft.fftfreq(2 * most + 2, 1 / (2 * most + 2)).abs() <= most] * grid.dim
    keep = torch.stack(torch.meshgrid(*low, indexing="ij")).all(0)
    keep[(0,) * grid.dim] = False
    coarse = torch.fft.ifftn(spectrum * keep).real
    coarse = coarse / coarse.square().mean().sqrt()
    return resample(coarse, grid.points)
