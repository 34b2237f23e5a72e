"""Equations against exact solutions, and what they keep."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.polynomial.hermite import hermgauss

from simplatform.envs.fields.equations.advection_diffusion import AdvectionDiffusion
from simplatform.envs.fields.equations.allen_cahn import AllenCahn
from simplatform.envs.fields.equations.burgers import Burgers, VectorBurgers
from simplatform.envs.fields.equations.gray_scott import GrayScott
from simplatform.envs.fields.equations.korteweg_de_vries import KortewegDeVries, soliton
from simplatform.envs.fields.equations.kuramoto_sivashinsky import KuramotoSivashinsky
from simplatform.envs.fields.equations.navier_stokes import NavierStokes
from simplatform.envs.fields.equations.schroedinger import Schroedinger
from simplatform.envs.fields.equations.wave import Wave
from simplatform.envs.fields.grid import Grid
from simplatform.envs.fields.solver import SpectralSolver
from simplatform.errors import ConfigError

TURN = 2 * math.pi


def cole_hopf(x, t, viscosity):
    """Burgers from u = −sin x, by quadrature of its heat kernel (Basdevant et al., 1986)."""
    nodes, weights = hermgauss(120)
    place = x[:, None] - 2 * math.sqrt(viscosity * t) * nodes
    kernel = weights * np.exp(-np.cos(place) / (2 * viscosity))
    return -(kernel * np.sin(place)).sum(1) / kernel.sum(1)


def test_burgers_follows_cole_and_hopf():
    grid = Grid((256,), (TURN,))
    x = grid.places()[0]
    found = SpectralSolver(Burgers(grid, viscosity=0.1), 1.0, 200).advance(-torch.sin(x)[None, None])
    np.testing.assert_allclose(found[0, 0].numpy(), cole_hopf(x.numpy(), 1.0, 0.1), atol=1e-9)


def test_two_velocities_that_do_not_meet_are_two_burgers():
    grid, line = Grid((64, 64), (TURN, TURN)), Grid((64,), (TURN,))
    x = line.places()[0]
    alone = SpectralSolver(Burgers(line, viscosity=0.2), 0.5, 50).advance(torch.sin(x)[None, None])[0, 0]
    start = torch.stack((torch.sin(x)[:, None].expand(64, 64), torch.zeros(64, 64, dtype=torch.float64)))
    both = SpectralSolver(VectorBurgers(grid, viscosity=0.2), 0.5, 50).advance(start[None])[0]
    torch.testing.assert_close(both[0], alone[:, None].expand(64, 64), atol=1e-9, rtol=0)
    assert both[1].abs().max() < 1e-12


def test_a_soliton_travels_at_its_speed_and_keeps_its_integrals():
    grid = Grid((256,), (40.0,))
    equation, start = KortewegDeVries(grid), soliton(grid, 2.0, 10.0)
    found = SpectralSolver(equation, 3.0, 1500).advance(start)
    torch.testing.assert_close(found, soliton(grid, 2.0, 16.0), atol=1e-6, rtol=0)
    before, after = equation.invariants(start), equation.invariants(found)
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, rtol=1e-7, atol=1e-8, msg=name)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_advection_and_diffusion_move_and_damp_a_wave(dim):
    grid = Grid((16,) * dim, (TURN,) * dim)
    phase = sum(grid.places())
    equation = AdvectionDiffusion(grid, velocity=0.5, diffusivity=0.1)
    found = SpectralSolver(equation, 0.7, 1).advance(torch.cos(phase)[None, None])
    exact = math.exp(-0.1 * dim * 0.7) * torch.cos(phase - 0.5 * dim * 0.7)
    torch.testing.assert_close(found[0, 0], exact, atol=1e-12, rtol=0)


@pytest.mark.parametrize("dim", [1, 2])
def test_a_standing_wave_swings_and_keeps_its_energy(dim):
    grid = Grid((16,) * dim, (TURN,) * dim)
    shape = torch.cos(2 * grid.places()[0])
    start = torch.stack((shape + 0.3, torch.zeros_like(shape)))[None]
    equation = Wave(grid, speed=1.5)
    found = SpectralSolver(equation, 0.4, 1).advance(start)
    torch.testing.assert_close(found[0, 0], math.cos(1.2) * shape + 0.3, atol=1e-12, rtol=0)
    torch.testing.assert_close(found[0, 1], -3 * math.sin(1.2) * shape, atol=1e-12, rtol=0)
    torch.testing.assert_close(equation.invariants(found)["energy"], equation.invariants(start)["energy"])


def test_a_bright_soliton_keeps_shape_mass_and_energy():
    grid = Grid((256,), (40.0,))
    x = grid.places()[0] - 20
    psi = 1.2 / torch.cosh(1.2 * x)
    start = torch.stack((psi, torch.zeros_like(psi)))[None]
    equation = Schroedinger(grid)
    found = SpectralSolver(equation, 2.0, 800).advance(start)
    turn = 0.5 * 1.2**2 * 2.0
    torch.testing.assert_close(found[0], torch.stack((psi * math.cos(turn), psi * math.sin(turn))), atol=1e-5, rtol=0)
    for name, value in equation.invariants(start).items():
        torch.testing.assert_close(equation.invariants(found)[name], value, rtol=1e-8, atol=1e-8, msg=name)


def test_taylor_green_vortices_only_decay():
    grid = Grid((32, 32), (TURN, TURN))
    x, y = grid.places()
    start = (2 * torch.cos(x) * torch.cos(y))[None, None]
    found = SpectralSolver(NavierStokes(grid, viscosity=0.05, drag=0.1), 1.0, 20).advance(start)
    torch.testing.assert_close(found, math.exp(-0.2) * start, atol=1e-10, rtol=0)


def test_turbulence_without_viscosity_keeps_energy_and_enstrophy():
    grid = Grid((48, 48), (TURN, TURN))
    x, y = grid.places()
    start = (torch.sin(x) * torch.cos(2 * y) + 0.5 * torch.cos(3 * x + y))[None, None]
    equation = NavierStokes(grid, viscosity=0.0)
    found = SpectralSolver(equation, 0.5, 100).advance(start)
    assert (found - start).abs().max() > 0.1
    for measure in (equation.energy, equation.enstrophy):
        torch.testing.assert_close(measure(found), measure(start), rtol=1e-8, atol=0)


def test_allen_cahn_from_a_constant_is_its_own_ordinary_equation():
    found = SpectralSolver(AllenCahn(Grid((16,), (2.0,))), 1.0, 100).advance(torch.full((1, 1, 16), 0.1).double())
    exact = 1 / math.sqrt(1 + (1 / 0.01 - 1) * math.exp(-2))
    torch.testing.assert_close(found, torch.full_like(found, exact), atol=1e-8, rtol=0)


def test_gray_scott_rests_where_nothing_reacts():
    start = torch.stack((torch.ones(16, 16), torch.zeros(16, 16))).double()[None]
    found = SpectralSolver(GrayScott(Grid((16, 16), (1.0, 1.0))), 20.0, 20).advance(start)
    torch.testing.assert_close(found, start, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("equation", "points", "length", "time"),
    [
        (KuramotoSivashinsky, (64,), 32.0, 1.0),
        (Burgers, (64,), TURN, 0.5),
        (VectorBurgers, (32, 32), TURN, 0.5),
        (AllenCahn, (32, 32), 2.0, 1.0),
        (GrayScott, (32, 32), 1.0, 4.0),
        (NavierStokes, (32, 32), TURN, 0.5),
    ],
)
def test_the_order_in_time_is_four(equation, points, length, time):
    grid = Grid(points, (length,) * len(points))
    phase = TURN * sum(place / length for place in grid.places())
    start = torch.stack([0.6 + 0.3 * torch.cos(phase + channel) for channel in range(len(equation.channels))])[None]
    start = start + 0.2 * torch.sin(2 * TURN * grid.places()[0] / length)

    def at(steps):
        return SpectralSolver(equation(grid), time, steps).advance(start)

    exact = at(512)
    errors = [float((at(steps) - exact).abs().max()) for steps in (16, 32)]
    assert errors[0] > 1e-12
    assert math.log2(errors[0] / errors[1]) > 3.5, errors


def test_rows_of_a_batch_have_parameters_of_their_own():
    grid = Grid((64,), (TURN,))
    start = torch.sin(grid.places()[0])[None, None]
    both = SpectralSolver(Burgers(grid, viscosity=torch.tensor([0.05, 0.2])), 0.5, 50).advance(start.expand(2, 1, 64))
    for row, viscosity in enumerate((0.05, 0.2)):
        alone = SpectralSolver(Burgers(grid, viscosity=viscosity), 0.5, 50).advance(start)
        torch.testing.assert_close(both[row : row + 1], alone, rtol=1e-6, atol=1e-6)


def test_what_an_equation_does_not_have_is_refused():
    with pytest.raises(ConfigError, match="no parameter 'viscositty'"):
        Burgers(Grid((16,), (1.0,)), viscositty=1.0)
    with pytest.raises(ConfigError, match="directions"):
        NavierStokes(Grid((16,), (1.0,)))
