"""A move makes nothing worse."""

from __future__ import annotations

import meshio
import numpy as np

import simplatform as sp
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.monitors.tensors import full, metric_of, positive
from simplatform.envs.mesh.moving import move_files
from simplatform.envs.mesh.problems.poisson import Poisson
from simplatform.envs.mesh.user_files.improving import SKEWED, improved

MESH = generate("square", 14, 0)


def test_with_a_solution_the_error_of_its_projection_decides():
    """That error stands for the true one: what lowers it is carried out, noise is not, or in part."""
    for seed in range(3):
        problem, mover = Poisson.sample(np.random.default_rng(seed), *MESH.bounds), sp.mover("ritz")
        solution = problem.solve(MESH)
        done = mover.move(MESH.points, MESH.cells, solution=solution)
        moved = MESH.moved(done.points)
        ratio = problem.error(moved, problem.solve(moved)) / problem.error(MESH, solution)
        assert done.share > 0.6
        assert abs(np.sqrt(done.after.energy) - ratio) < 0.15
    metric = metric_of(positive(full(Recovery(MESH).hessian(solution), 2)))
    noise = 0.02 * np.random.default_rng(0).normal(size=MESH.points.shape) * ~MESH.boundary[:, None]
    kept = improved(MESH, problem.monitor(MESH, solution), noise, metric=metric, solution=solution)
    assert kept.share < 1
    assert not kept.made or kept.after.energy < 1


def test_no_move_under_a_metric_leaves_a_cell_that_fits_neither_the_metric_nor_itself():
    metric = np.tile(np.eye(2), (len(MESH.points), 1, 1))
    squeezed = 0.94 * (0.5 - MESH.points) * [1.0, 0.0]
    kept = improved(MESH, np.ones(len(MESH.points)), squeezed, metric=metric)
    assert quality(MESH.moved(MESH.points + squeezed)).min() < 1 / SKEWED
    assert quality(MESH.moved(MESH.points + kept.displacement)).min() > 1 / SKEWED


def test_a_move_that_makes_nothing_better_is_not_made_unless_forced(two, tmp_path):
    source = two / "two_2.2_text.msh"
    flat = tmp_path / "flat.npy"
    np.save(flat, np.ones(len(meshio.read(source).points)))
    result = move_files(source, flat, plugin="laplacian", output=tmp_path / "o.msh")
    if not result["share"]:
        np.testing.assert_array_equal(meshio.read(tmp_path / "o.msh").points, meshio.read(source).points)
    assert result["unevenness_after"] <= result["unevenness_before"]
    assert result["quality_after"] >= 0.5 * result["quality_before"]
    assert move_files(source, flat, plugin="laplacian", output=tmp_path / "f.msh", force=True)["share"] == 1
