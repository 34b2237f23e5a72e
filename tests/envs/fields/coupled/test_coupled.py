"""Coupled problems: manufactured solutions of every field, what is conserved, and that the coupling matters."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sy

from simplatform.envs.fields.coupled import COUPLED, Square, find_coupled
from simplatform.envs.fields.coupled.base import iterate
from simplatform.envs.fields.coupled.elder import Elder
from simplatform.envs.fields.coupled.electro_thermal import ElectroThermal
from simplatform.envs.fields.coupled.thermo_fluid import ThermoFluid
from simplatform.errors import SolverError, UnknownName

x, y, t = sy.symbols("x y t")
BUMP = sy.sin(sy.pi * x) * sy.sin(sy.pi * y)


def laplace(f):
    return sy.diff(f, x, 2) + sy.diff(f, y, 2)


def numeric(f, *symbols):
    found = sy.lambdify(symbols, f, "numpy")
    return lambda *points: found(*points) + 0 * points[0]


def electro_thermal(points):
    base, phi, heat = 1 + x / 2, 2 * x + BUMP / 2, BUMP
    sigma = base / (1 + heat)
    current = -(sy.diff(sigma * sy.diff(phi, x), x) + sy.diff(sigma * sy.diff(phi, y), y))
    warm = -laplace(heat) - sigma * (sy.diff(phi, x) ** 2 + sy.diff(phi, y) ** 2)
    square = Square(points)
    problem = ElectroThermal(2.0, 1.0, (numeric(current, x, y), numeric(warm, x, y)))
    found = problem.solve(square, numeric(base, x, y)(*square.places)[None])[-1]
    return found, [numeric(f, x, y)(*square.places) for f in (phi, heat)]


def thermo_fluid(points):
    rayleigh, prandtl = 50, 2
    psi = (sy.sin(sy.pi * x) * sy.sin(sy.pi * y)) ** 2
    u, v, heat, pressure = sy.diff(psi, y), -sy.diff(psi, x), BUMP, sy.cos(sy.pi * x) * y
    forces = [
        (u * sy.diff(f, x) + v * sy.diff(f, y)) / prandtl - laplace(f) + sy.diff(pressure, axis) - lift
        for f, axis, lift in ((u, x, 0), (v, y, rayleigh * heat))
    ]
    fed = u * sy.diff(heat, x) + v * sy.diff(heat, y) - laplace(heat)
    parts = [numeric(f, x, y) for f in forces]
    square = Square(points)
    problem = ThermoFluid(rayleigh, prandtl, (lambda *at: np.stack([f(*at) for f in parts]), numeric(fed, x, y)))
    found = problem.solve(square, np.zeros((1, points**2)))[-1]
    return found, [numeric(f, x, y)(*square.places) for f in (u, v, heat)]


def elder(points):
    rayleigh, psi, c = 20, BUMP * sy.exp(-10 * t), BUMP * (1 + 20 * t)
    drive = -laplace(psi) - rayleigh * sy.diff(c, x)
    fed = sy.diff(c, t) + sy.diff(psi, y) * sy.diff(c, x) - sy.diff(psi, x) * sy.diff(c, y) - laplace(c)
    problem = Elder(rayleigh, (points - 1) // 4, (numeric(drive, x, y, t), numeric(fed, x, y, t)))
    problem.start = numeric(c.subs(t, 0), x, y)
    square, end = Square(points), problem.frames * problem.dt
    found = problem.solve(square, np.zeros((1, points**2)))[-1]
    return found, [numeric(f.subs(t, end), x, y)(*square.places) for f in (sy.diff(psi, y), -sy.diff(psi, x), c)]


@pytest.mark.parametrize(("case", "grids"), [(electro_thermal, (9, 17)), (thermo_fluid, (9, 17)), (elder, (17, 33))])
def test_every_field_converges_with_order_two(case, grids):
    errors = []
    for points in grids:
        found, exact = case(points)
        errors.append([np.sqrt(np.square(a - b).mean()) for a, b in zip(found, exact, strict=True)])
    orders = np.log2(np.divide(*errors))
    assert (orders > 1.8).all(), orders


@pytest.mark.parametrize("name", COUPLED)
def test_a_one_way_solution_is_another_one(name):
    problem, square = find_coupled(name), Square(13)
    given = problem.sample(np.random.default_rng(1), square)
    both, one = problem.solve(square, given), problem.solve(square, given, coupled=False)
    gaps = [np.linalg.norm(a - b) / np.linalg.norm(a) for a, b in zip(both[-1], one[-1], strict=True)]
    assert max(gaps) > 0.05, gaps


def test_all_salt_that_was_fed_in_is_there_since_the_walls_let_nothing_out():
    problem, square = Elder(), Square(13)
    given = problem.sample(np.random.default_rng(0), square)
    import skfem

    mass = skfem.BilinearForm(lambda u, v, w: u * v).assemble(square.p1)
    contents = [float((mass @ frame[2]).sum()) for frame in problem.solve(square, given)]
    fed = float((mass @ given[0]).sum()) * problem.dt
    np.testing.assert_allclose(np.diff(contents), fed, rtol=1e-9)


def test_the_grid_is_that_of_the_vertices_x_first():
    square = Square(5)
    a, b = square.places
    np.testing.assert_allclose(square.gridded(a), np.repeat(np.linspace(0, 1, 5)[:, None], 5, 1))
    np.testing.assert_allclose(square.nodal(square.gridded(b)), b)


def test_an_iteration_that_runs_away_is_told():
    with pytest.raises(SolverError, match="two fields still change by"):
        iterate(lambda state: 3 * state + 1, np.ones(2), "two fields")


def test_an_unknown_problem_shows_the_near_ones():
    with pytest.raises(UnknownName, match="elder-lite"):
        find_coupled("elder")
