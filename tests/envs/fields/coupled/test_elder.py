"""Elder: manufactured solutions in space and time, salt is kept, and the coupling matters."""

from __future__ import annotations

import numpy as np
import skfem
import sympy as sy

from simplatform.envs.fields.coupled import Square
from simplatform.envs.fields.coupled.elder import Elder
from tests.envs.fields.coupled.coupled_cases import BUMP, laplace, numeric, one_way_gap, orders, t, x, y


def elder(points):
    rayleigh, psi, c = 20, BUMP * sy.exp(-10 * t), BUMP * (1 + 20 * t)
    drive = -laplace(psi) - rayleigh * sy.diff(c, x)
    fed = sy.diff(c, t) + sy.diff(psi, y) * sy.diff(c, x) - sy.diff(psi, x) * sy.diff(c, y) - laplace(c)
    problem = Elder(rayleigh, (points - 1) // 4, (numeric(drive, x, y, t), numeric(fed, x, y, t)))
    problem.start = numeric(c.subs(t, 0), x, y)
    square, end = Square(points), problem.frames * problem.dt
    found = problem.solve(square, np.zeros((1, points**2)))[-1]
    return found, [numeric(f.subs(t, end), x, y)(*square.places) for f in (sy.diff(psi, y), -sy.diff(psi, x), c)]


def test_every_field_converges_with_order_two():
    found = orders(elder, (17, 33))
    assert (found > 1.8).all(), found


def test_a_one_way_solution_is_another_one():
    assert one_way_gap(Elder.name) > 0.05


def test_all_salt_that_was_fed_in_is_there_since_the_walls_let_nothing_out():
    problem, square = Elder(), Square(13)
    given = problem.sample(np.random.default_rng(0), square)
    mass = skfem.BilinearForm(lambda u, v, w: u * v).assemble(square.p1)
    contents = [float((mass @ frame[2]).sum()) for frame in problem.solve(square, given)]
    fed = float((mass @ given[0]).sum()) * problem.dt
    np.testing.assert_allclose(np.diff(contents), fed, rtol=1e-9)
