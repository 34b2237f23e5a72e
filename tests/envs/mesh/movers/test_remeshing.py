"""Remeshing by MMG: the number of vertices holds, the domain stays, and the metric is that of the Hessian."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh
from simplatform.envs.mesh.movers.remeshing import hessian_metric, remesh, remeshed_within, with_complexity
from simplatform.errors import ConfigError, ContractError, SolverError

mmgpy = pytest.importorskip("mmgpy")
MESH = generate("square", 15, 0, "delaunay")


def front(points):
    return np.tanh(20 * (points[:, 0] - 0.5))


def interpolation_error(mesh, function):
    """Return the root mean square of a function minus its linear interpolation, by cells' centres."""
    corners = mesh.points[mesh.cells]
    gap = function(corners.mean(1)) - function(mesh.points)[mesh.cells].mean(1)
    return float(np.sqrt((gap**2 * np.abs(mesh.volumes)).sum()))


def test_a_front_is_resolved_far_better_with_no_more_vertices():
    found = remeshed_within(MESH, hessian_metric(MESH, front(MESH.points)), len(MESH.points))
    check_mesh(found)
    assert 0.85 * len(MESH.points) < len(found.points) <= len(MESH.points)
    assert interpolation_error(found, front) < 0.3 * interpolation_error(MESH, front)


@pytest.mark.parametrize("geometry", ["square", "l-shape", "hole"])
def test_the_domain_keeps_its_area(geometry):
    mesh = generate(geometry, 12, 0, "delaunay")
    found = remeshed_within(mesh, hessian_metric(mesh, mesh.points[:, 0] ** 2), len(mesh.points))
    assert np.abs(found.volumes).sum() == pytest.approx(np.abs(mesh.volumes).sum(), rel=5e-3)


def test_edges_are_long_where_nothing_bends():
    found = remeshed_within(MESH, hessian_metric(MESH, front(MESH.points)), len(MESH.points))
    spans = np.ptp(found.points[found.cells], axis=1)
    near = np.abs(found.points[found.cells].mean(1)[:, 0] - 0.5) < 0.1
    assert np.median(spans[near, 0]) < 0.5 * np.median(spans[near, 1])  # cells lie along the front


def test_the_unit_of_the_solution_does_not_matter():
    one, other = (hessian_metric(MESH, unit * front(MESH.points)) for unit in (1.0, 1e-9))
    np.testing.assert_allclose(with_complexity(MESH, one, 100), with_complexity(MESH, other, 100), rtol=1e-6)


def test_a_uniform_metric_of_complexity_has_that_integral():
    metric = np.tile([2.0, 0.0, 2.0], (len(MESH.points), 1))
    scaled = with_complexity(MESH, metric, 200.0)
    density = np.sqrt(scaled[:, 0] * scaled[:, 2] - scaled[:, 1] ** 2)
    assert (density[MESH.cells].mean(1) * np.abs(MESH.volumes)).sum() == pytest.approx(200)


def test_what_is_no_metric_or_no_mesh_for_it_is_refused():
    with pytest.raises(SolverError, match="positive definite"):
        with_complexity(MESH, np.tile([1.0, 0.0, -1.0], (len(MESH.points), 1)), 100)
    quads = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), np.array([[0, 1, 2, 3]]), "quad")
    with pytest.raises(ConfigError, match="not quad"):
        remesh(quads, np.ones((4, 3)))


def test_the_policy_removes_more_of_the_error_than_a_mover_and_says_so_in_one_run(tmp_path):
    run = sp.run("spring", "helmholtz", output=tmp_path, workers=1,
                 settings={"task.episodes": 3, "task.demonstrations": 1, "task.validation": 0})  # fmt: skip
    own, mmg = run.summary["error_reduction"]["value"], run.summary["opponents"]["mmg"]
    assert mmg["splits"]["test"]["metrics"]["error_reduction"]["value"] > own > 0
    assert "mmg" in (run.path / "report.html").read_text()


def test_actions_are_metrics_where_that_was_asked_for():
    env = gymnasium.make("simplatform/MeshMovement-v0", action="metric", n=8)
    assert env.action_space.shape == (env.unwrapped.mesh.points.shape[0], 3)
    with pytest.raises(ConfigError, match="steady"):
        gymnasium.make("simplatform/MeshMovement-v0", problem="burgers", action="metric", n=8)
    with pytest.raises(ContractError, match=r"env\.action=metric"):
        sp.run("mmg", "helmholtz", settings={"env.action": "displacement"})
