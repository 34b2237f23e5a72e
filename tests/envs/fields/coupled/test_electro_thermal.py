"""Electro-thermal: manufactured solutions of both fields, and that the coupling matters."""

from __future__ import annotations

import sympy as sy

from simplatform.envs.fields.coupled import Square
from simplatform.envs.fields.coupled.electro_thermal import ElectroThermal
from tests.envs.fields.coupled.coupled_cases import BUMP, laplace, numeric, one_way_gap, orders, x, y


def electro_thermal(points):
    base, phi, heat = 1 + x / 2, 2 * x + BUMP / 2, BUMP
    sigma = base / (1 + heat)
    current = -(sy.diff(sigma * sy.diff(phi, x), x) + sy.diff(sigma * sy.diff(phi, y), y))
    warm = -laplace(heat) - sigma * (sy.diff(phi, x) ** 2 + sy.diff(phi, y) ** 2)
    square = Square(points)
    problem = ElectroThermal(2.0, 1.0, (numeric(current, x, y), numeric(warm, x, y)))
    found = problem.solve(square, numeric(base, x, y)(*square.places)[None])[-1]
    return found, [numeric(f, x, y)(*square.places) for f in (phi, heat)]


def test_every_field_converges_with_order_two():
    found = orders(electro_thermal, (9, 17))
    assert (found > 1.8).all(), found


def test_a_one_way_solution_is_another_one():
    assert one_way_gap(ElectroThermal.name) > 0.05
