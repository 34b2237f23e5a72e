"""Convergence by order at exact solutions: space, time, sides of all kinds, and coefficients that depend on much."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.meshfree.finite_elements.answers import solve_at
from simplatform.envs.meshfree.finite_elements.solver import FiniteElements
from simplatform.envs.meshfree.queries import query_points, relative_error
from simplatform.errors import ConfigError
from tests.envs.meshfree.cases import case
from tests.envs.meshfree.test_pde import middle


def error(pde, cells, steps=1, degree=2):
    points, parameters = query_points(pde.low, pde.high, 400), middle(pde)
    found = solve_at(FiniteElements(pde, cells, degree), points, parameters, steps)
    return relative_error(found, pde.exact(points, {}, parameters))


@pytest.mark.parametrize(("name", "cells"), [("robin", 8), ("helmholtz", 24), ("solid", 4)])
@pytest.mark.parametrize("degree", [1, 2])
def test_steady_problems_converge_with_the_order_of_the_elements(name, cells, degree):
    pde = case(name)
    coarse, fine = error(pde, cells, degree=degree), error(pde, 2 * cells, degree=degree)
    assert np.log2(coarse / fine) > degree + 1 - 0.5


@pytest.mark.parametrize("name", ["burgers", "periodic"])
def test_problems_in_time_converge_with_order_two(name):
    pde = case(name)
    coarse, fine = error(pde, 60, 20), error(pde, 60, 40)
    assert 1.7 < np.log2(coarse / fine) < 2.4


def test_a_coefficient_that_depends_on_the_solution_is_solved_by_newton():
    assert error(case("curved"), 3) < 1e-9


def test_four_directions_of_space_are_refused():
    from simplatform.envs.meshfree.finite_elements.solver import box

    with pytest.raises(ConfigError, match="at most 3"):
        box(np.zeros(4), np.ones(4), 2)
