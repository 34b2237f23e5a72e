"""Advection and diffusion of one mode, exactly: it travels with the velocity and decays with ν k²."""

from __future__ import annotations

import math

import pytest
import torch

from simplatform.envs.fields.equations.advection_diffusion import AdvectionDiffusion
from simplatform.envs.fields.grid import Grid
from simplatform.envs.fields.solver import SpectralSolver


@pytest.mark.parametrize("wave", [1, 3])
@pytest.mark.parametrize("diffusivity", [0.0, 0.05])
def test_a_mode_travels_and_decays(wave, diffusivity):
    length, velocity, time = 2.0, 0.7, 0.9
    x = torch.arange(32, dtype=torch.float64) * length / 32
    k = 2 * math.pi * wave / length
    equation = AdvectionDiffusion(Grid((32,), (length,)), velocity=velocity, diffusivity=diffusivity)
    found = SpectralSolver(equation, time, 3).advance(torch.sin(k * x)[None, None])
    exact = math.exp(-diffusivity * k * k * time) * torch.sin(k * (x - velocity * time))
    assert (found[0, 0] - exact).abs().max() < 1e-12


def test_the_mean_is_kept_and_the_size_never_grows():
    equation = AdvectionDiffusion(Grid((24, 16), (1.0, 2.0)), diffusivity=0.02)
    u = torch.randn(2, 1, 24, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    path = SpectralSolver(equation, 0.1, 2).trajectory(u, 4)
    for frame in range(5):
        assert torch.allclose(equation.invariants(path[:, frame])["mean"], equation.invariants(u)["mean"], atol=1e-12)
    sizes = path.square().flatten(2).sum(-1)
    assert (sizes.diff(dim=1) < 0).all()
