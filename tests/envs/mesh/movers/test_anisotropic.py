"""The anisotropic mover: long cells along a front, in any dimension, never inverted, and better than isotropic ones."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.boundary import classify
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.monitors.tensors import full, isotropic, positive
from simplatform.envs.mesh.movers.anisotropic import anisotropic
from simplatform.envs.mesh.movers.base import frozen_monitor
from simplatform.envs.mesh.movers.spring import spring
from simplatform.envs.mesh.problems.poisson import Poisson


def front(points):
    return np.tanh(10 * (points @ np.array([0.8, 0.6, 0.0])[: points.shape[1]] - 0.5))


def curvature(mesh, values):
    return positive(full(Recovery(mesh).hessian(values), mesh.dim))


@pytest.mark.parametrize(("geometry", "n"), [("interval", 20), ("square", 16), ("cube", 6), ("l-shape", 14)])
def test_the_interpolation_error_of_a_front_falls_and_no_cell_inverts(geometry, n):
    mesh = generate(geometry, n, 0)
    done = anisotropic(mesh, curvature(mesh, front(mesh.points)))
    moved = mesh.moved(mesh.points + done.displacement)
    assert (moved.corner_volumes > 0).all()
    assert list(done.history) == sorted(done.history, reverse=True)
    assert np.abs(moved.volumes).sum() == pytest.approx(np.abs(mesh.volumes).sum(), rel=1e-12)
    assert gap(moved) < 0.6 * gap(mesh)


def gap(mesh):
    """Return the mean square of the front minus its interpolant at the centres of cells."""
    corners = mesh.points[mesh.cells]
    return ((front(corners.mean(1)) - front(mesh.points)[mesh.cells].mean(1)) ** 2 * np.abs(mesh.volumes)).sum()


def test_it_removes_more_of_a_solver_s_error_than_springs():
    mesh = generate("square", 16, 0)
    better = []
    for seed in range(4):
        problem = Poisson.sample(np.random.default_rng(seed), *mesh.bounds)
        solution = problem.solve(mesh)
        monitor = frozen_monitor(mesh, problem.monitor(mesh, solution))
        errors = []
        for done in (anisotropic(mesh, curvature(mesh, solution)), spring(mesh, monitor)):
            moved = mesh.moved(mesh.points + done.displacement)
            errors.append(problem.error(moved, problem.solve(moved)) / problem.error(mesh, solution))
        better.append(errors)
    own, springs = np.mean(better, 0)
    assert own < 0.75
    assert own < springs


def test_vertices_keep_to_what_is_allowed():
    mesh = generate("square", 10, 0)
    flags, directions = classify(mesh)
    flags, directions = flags.copy(), directions.copy()
    flags[::2], directions[::2] = 2, 0.0
    done = anisotropic(mesh, curvature(mesh, front(mesh.points)), allowed=(flags, directions))
    assert not done.displacement[flags == 2].any()
    assert done.displacement.any()
    none = anisotropic(mesh, curvature(mesh, front(mesh.points)), allowed=(np.full_like(flags, 2), 0 * directions))
    assert not none.displacement.any()


def test_a_scalar_monitor_s_metric_is_equidistributed():
    mesh = generate("square", 14, 0)
    density = 1 + 8 * np.exp(-((mesh.points[:, 0] - 0.5) ** 2) / 0.02)
    moved = mesh.points + anisotropic(mesh, isotropic(density, 2) * density[:, None, None] ** 0.5).displacement
    spread = [np.std(d[mesh.cells].mean(1) * mesh.moved(x).volumes) for x, d in (
        (mesh.points, density), (moved, 1 + 8 * np.exp(-((moved[:, 0] - 0.5) ** 2) / 0.02)))]  # fmt: skip
    assert spread[1] < 0.7 * spread[0]


def test_it_can_start_from_another_mesh_than_that_of_the_solution():
    coarse, mesh = generate("square", 12, 0), generate("square", 14, 1)
    done = anisotropic(mesh, curvature(coarse, front(coarse.points)), home=coarse)
    assert gap(mesh.moved(mesh.points + done.displacement)) < 0.7 * gap(mesh)
