"""Cases: one solve or interval after interval; errors are those of the problem, and a tangled mesh measures nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.problems.cases import SteadyCase, UnsteadyCase, make_case
from simplatform.envs.mesh.problems.helmholtz import Helmholtz
from simplatform.envs.mesh.problems.swirl import Swirl


def helmholtz():
    return Helmholtz.sample(np.random.default_rng(0), np.zeros(2), np.ones(2))


def bent(mesh, size=0.02):
    """Return a mesh whose inner vertices are moved by a smooth displacement."""
    x, y = mesh.points.T
    shift = size * np.sin(np.pi * x) * np.sin(np.pi * y)
    return Mesh(mesh.points + shift[:, None], mesh.cells)


def tangled(mesh):
    points = mesh.points.copy()
    inner = np.flatnonzero(((points > 0.2) & (points < 0.8)).all(1))
    points[inner[0]] += 0.9
    return Mesh(points, mesh.cells)


@pytest.fixture(scope="module")
def mesh():
    return generators.square(10)


def test_a_steady_case_has_one_move_and_the_problems_errors(mesh):
    problem, moved = helmholtz(), bent(mesh)
    case = make_case(problem, mesh, None)
    assert isinstance(case, SteadyCase)
    assert math.isnan(case.error_moved)
    assert case.move(moved)
    assert case.error_original == problem.error(mesh, problem.solve(mesh))
    assert case.error_moved == problem.error(moved, problem.solve(moved))
    assert np.array_equal(case.moved_solution, problem.solve(moved))
    assert np.array_equal(case.solution, problem.solve(mesh))


def test_the_error_of_cells_adds_up_to_the_error(mesh):
    case = make_case(helmholtz(), mesh, None)
    case.move(bent(mesh))
    for moved, where, wanted in ((False, mesh, case.error_original), (True, case.moved, case.error_moved)):
        cells = case.error_field(moved=moved)
        total = math.sqrt(float((cells**2 * np.abs(where.volumes)).sum()))
        assert total == pytest.approx(wanted, rel=1e-2)


def test_a_mesh_that_is_where_it_was_gains_nothing(mesh):
    case = make_case(helmholtz(), mesh, None)
    case.move(mesh)
    assert case.error_moved == case.error_original


def test_a_tangled_mesh_measures_nothing(mesh):
    for case in (make_case(helmholtz(), mesh, None), make_case(Swirl([0.3, 0.3], 0.1, intervals=2), mesh, None)):
        assert case.move(tangled(mesh)), "it is the end"
        assert math.isnan(case.error_moved)


def test_the_monitor_is_the_problems_own_or_the_one_that_is_told(mesh):
    problem = helmholtz()
    own, told = make_case(problem, mesh, None), make_case(problem, mesh, lambda mesh, values: values + 7)
    assert np.array_equal(own.observed(), problem.monitor(mesh, problem.solve(mesh)))
    assert np.array_equal(told.observed(), problem.solve(mesh) + 7)
    other = bent(mesh)
    assert np.array_equal(told.monitor_at(other), problem.solve(other) + 7)


def test_an_unsteady_case_is_a_mean_over_its_intervals(mesh):
    problem = Swirl([0.3, 0.3], 0.1, intervals=2)
    case = make_case(problem, mesh, None)
    assert isinstance(case, UnsteadyCase)
    assert problem.prepared
    assert np.allclose(case.truth(mesh.points), case.solution), "before the first interval it is the interpolant"
    assert not case.move(mesh)
    first = case.error_original
    assert case.error_moved == pytest.approx(first, rel=1e-9)
    assert case.move(mesh)
    assert case.interval == 2
    assert case.error_moved == pytest.approx(case.error_original, rel=1e-6)
    assert case.error_original != first
