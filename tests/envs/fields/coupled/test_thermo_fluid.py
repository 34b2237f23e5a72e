"""Thermo-fluid: manufactured solutions of flow and temperature, and that the coupling matters."""

from __future__ import annotations

import numpy as np
import sympy as sy

from simplatform.envs.fields.coupled import Square
from simplatform.envs.fields.coupled.thermo_fluid import ThermoFluid
from tests.envs.fields.coupled.coupled_cases import BUMP, laplace, numeric, one_way_gap, orders, x, y


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


def test_every_field_converges_with_order_two():
    found = orders(thermo_fluid, (9, 17))
    assert (found > 1.8).all(), found


def test_a_one_way_solution_is_another_one():
    assert one_way_gap(ThermoFluid.name) > 0.05
