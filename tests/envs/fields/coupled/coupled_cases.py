"""What the tests of coupled problems share: manufactured solutions, orders, and the gap of a one-way solution."""

from __future__ import annotations

import numpy as np
import sympy as sy

from simplatform.envs.fields.coupled import Square, find_coupled

x, y, t = sy.symbols("x y t")
BUMP = sy.sin(sy.pi * x) * sy.sin(sy.pi * y)


def laplace(f):
    return sy.diff(f, x, 2) + sy.diff(f, y, 2)


def numeric(f, *symbols):
    found = sy.lambdify(symbols, f, "numpy")
    return lambda *points: found(*points) + 0 * points[0]


def orders(case, grids):
    """Return the order of each field between two grids, by errors at the vertices."""
    errors = []
    for points in grids:
        found, exact = case(points)
        errors.append([np.sqrt(np.square(a - b).mean()) for a, b in zip(found, exact, strict=True)])
    return np.log2(np.divide(*errors))


def one_way_gap(name):
    """Return the largest relative distance of a field from that of a one-way solution."""
    problem, square = find_coupled(name), Square(13)
    given = problem.sample(np.random.default_rng(1), square)
    both, one = problem.solve(square, given), problem.solve(square, given, coupled=False)
    return max(np.linalg.norm(a - b) / np.linalg.norm(a) for a, b in zip(both[-1], one[-1], strict=True))
