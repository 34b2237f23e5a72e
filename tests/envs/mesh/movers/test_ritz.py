"""The Ritz mover: its gradient, its guarantee, and more of the true error removed than it started from."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.boundary import classify
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.monitors.smooth import Smooth
from simplatform.envs.mesh.movers.ritz import ProjectionError, ritz
from simplatform.envs.mesh.problems.helmholtz import Helmholtz
from simplatform.errors import ConfigError

MESH = generate("square", 12, 0)


def test_the_gradient_is_that_of_differences():
    values, rng = np.sin(4 * MESH.points[:, 0]) * MESH.points[:, 1], np.random.default_rng(0)
    error = ProjectionError(MESH, Smooth(MESH, values))
    direction = rng.normal(size=MESH.points.shape) * (classify(MESH)[0] == 0)[:, None]
    _, gradient = error(MESH.points)
    h = 1e-6
    difference = (error(MESH.points + h * direction)[0] - error(MESH.points - h * direction)[0]) / (2 * h)
    assert (gradient * direction).sum() == pytest.approx(difference, rel=1e-4)


def test_the_true_error_falls_though_neither_equation_nor_truth_is_seen():
    ratios = []
    for seed in range(3):
        problem = Helmholtz.sample(np.random.default_rng(seed), *MESH.bounds)
        solution = problem.solve(MESH)
        done = ritz(MESH, Smooth(MESH, solution), steps=20)
        moved = MESH.moved(MESH.points + done.displacement)
        assert (moved.volumes > 0.05 * MESH.volumes).all()
        assert done.residual == min(done.history) < 0.8
        ratios.append(problem.error(moved, problem.solve(moved)) / problem.error(MESH, solution))
    assert np.mean(ratios) < 0.8


def test_cells_keep_their_share_of_the_mesh_that_was_moved_before():
    values = np.tanh(20 * (MESH.points[:, 0] - 0.5))
    half = MESH.moved(MESH.points + 0.0)
    half.points[:, 0] += 0.12 * np.sin(2 * np.pi * half.points[:, 0])
    moved = half.moved(half.points)
    done = ritz(moved, Smooth(MESH, values), original=MESH, steps=15, step_size=0.5)
    after = moved.moved(moved.points + done.displacement)
    assert (after.volumes >= 0.06 * MESH.volumes - 1e-15).all()


def test_vertices_keep_to_what_is_allowed_and_other_cells_are_refused():
    flags, directions = classify(MESH)
    flags = np.where(MESH.points[:, 0] < 0.5, 2, flags)
    directions = np.where((flags == 1)[:, None, None], directions, 0.0)
    done = ritz(MESH, Smooth(MESH, MESH.points[:, 0] ** 3), allowed=(flags, directions), steps=3)
    assert not done.displacement[flags == 2].any()
    assert done.displacement.any()
    quads = generate("quads", 5, 0)
    with pytest.raises(ConfigError, match="quad"):
        ritz(quads, Smooth(quads, quads.points[:, 0]))


def test_nothing_moves_where_the_stand_in_does_not_resolve_the_solution():
    thin, wide = (np.exp(-(((MESH.points @ [0.8, 0.6] - 0.7) / w) ** 2)) for w in (0.02, 0.3))
    smooth = {name: Smooth(MESH, values) for name, values in (("thin", thin), ("wide", wide))}
    assert smooth["thin"].misfit > 20 * smooth["wide"].misfit
    smooth["wide"].misfit *= 1e3
    assert not ritz(MESH, smooth["wide"], steps=3).displacement.any()
