"""Starts: the same function on every grid, of the size and spectrum that they declare."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from simplatform.envs.fields.grid import Grid, resample
from simplatform.envs.fields.problems import starts

LENGTH = 20.0
LINE = {
    "waves": starts.waves(3, 2.0), "displaced": starts.displaced(3), "gaussian": starts.gaussian_field(-1.0, 2.0),
}  # fmt: skip


def drawn(start, points, dim=1, seed=0, length=LENGTH):
    return start(np.random.default_rng(seed), Grid((points,) * dim, (length,) * dim))


@pytest.mark.parametrize("name", LINE)
@pytest.mark.parametrize("dim", [1, 2])
def test_a_seed_is_one_function_whatever_the_grid(name, dim):
    fine = drawn(LINE[name], 96, dim)
    coarse = drawn(LINE[name], 48, dim)
    assert torch.allclose(resample(fine, (48,) * dim), coarse, atol=1e-8)
    assert not torch.allclose(drawn(LINE[name], 48, dim, seed=1), coarse, atol=0.1)


def test_a_gaussian_field_is_one_function_even_where_the_grid_is_that_of_its_noise():
    start = starts.gaussian_field(4.0, 4.0, 4.0)
    finest, own = drawn(start, 128, 2), drawn(start, 32, 2)
    assert torch.allclose(resample(finest, (32, 32)), own, atol=1e-12)
    assert float(finest.square().mean()) == pytest.approx(float(own.square().mean()), rel=1e-12)


@pytest.mark.parametrize("dim", [1, 2])
def test_waves_have_their_size_no_mean_and_no_mode_beyond(dim):
    u = drawn(starts.waves(3, 2.0, channels=2), 32, dim)
    assert u.shape == (2, *(32,) * dim)
    axes = tuple(range(1, dim + 1))
    assert torch.allclose(u.square().mean(axes), torch.full((2,), 4.0, dtype=torch.float64))
    assert u.mean(axes).abs().max() < 1e-12
    assert not torch.equal(u[0], u[1])
    spectrum = torch.fft.fftn(u[0]).abs()
    index = torch.fft.fftfreq(32, 1 / 32).abs()
    beyond = torch.stack(torch.meshgrid(*[index > 3] * dim, indexing="ij")).any(0)
    assert float(spectrum[beyond].max()) < 1e-9


def test_a_gaussian_field_has_the_spectrum_that_it_declares():
    slope, peak = 1.0, 1.5
    grid = Grid((64,), (LENGTH,))
    power = torch.stack([
        grid.transform(starts.gaussian_field(slope, peak, 3.0)(np.random.default_rng(seed), grid))[0].abs().square()
        for seed in range(400)
    ]).mean(0)[1:8]  # fmt: skip
    k = grid.waves[0][1:8]
    wanted = k**slope * torch.exp(-((k / peak) ** 2))
    ratio = power / wanted
    assert float((ratio / ratio.mean()).log().abs().max()) < 0.35
    draws = torch.stack([drawn(starts.gaussian_field(slope, peak, 3.0), 64, seed=seed) for seed in range(400)])
    assert float(draws.square().mean().sqrt()) == pytest.approx(3.0, rel=0.03)
    assert float(draws.mean(2).abs().max()) < 1e-12


def test_solitons_carry_the_mass_of_their_speeds():
    # A soliton ½ c sech²(½ √c (x − ct)) has the mass 2 √c.
    grid = Grid((256,), (60.0,))
    u = starts.solitons(2, (1.0, 1.0 + 1e-9))(np.random.default_rng(0), grid)
    mass = float(u.sum()) * 60.0 / 256
    assert mass == pytest.approx(2 * 2.0, rel=1e-3)
    assert float(u.max()) == pytest.approx(0.5, rel=0.02)


def test_bright_solitons_have_the_mass_of_their_amplitudes():
    # |ψ| = a sech(a x) has ∫|ψ|² = 2a.
    grid = Grid((256,), (40.0,))
    psi = starts.bright_solitons(1)(np.random.default_rng(3), grid)
    density = psi.square().sum(0)
    assert float(density.sum()) * 40.0 / 256 == pytest.approx(2 * math.sqrt(float(density.max())), rel=0.01)
    assert psi.shape == (2, 256)


@pytest.mark.parametrize("dim", [1, 2])
def test_spots_grow_from_the_trivial_state(dim):
    u, v = drawn(starts.spots(4), 64, dim)
    assert float(u.max()) == pytest.approx(1.0, abs=1e-6)
    assert 0.5 - 1e-9 <= float(u.min()) < 0.6
    centre = (1 - u) > 0.45
    assert 0.15 < float(v[centre].mean()) < 0.35
    assert float(v[(1 - u) < 1e-4].abs().max()) < 1e-3


def test_a_displacement_starts_at_rest():
    place, speed = drawn(starts.displaced(3), 32)
    assert float(place.square().mean()) == pytest.approx(1)
    assert not speed.any()
