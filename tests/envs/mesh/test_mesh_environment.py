"""The environment: Gymnasium's rules, determinism, and numbers that mean what they say."""

import gymnasium
import numpy as np
import pytest

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.finite_elements.fem import elliptic, l2_error
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.files import write_mesh
from simplatform.envs.mesh.monitors.standard import MONITORS, estimator, smooth
from simplatform.envs.mesh.problems import problem_class
from simplatform.errors import DataError


def test_meshes_may_come_from_files(tmp_path):
    mesh = generators.generate("coastline", 10)
    write_mesh(tmp_path / "basin.vtu", mesh)
    env = gymnasium.make("simplatform/MeshMovement-v0", mesh=str(tmp_path / "basin.vtu")).unwrapped
    assert np.array_equal(env.mesh.points, mesh.points)
    with pytest.raises(DataError, match="does not exist"):
        MeshMovement(mesh=tmp_path / "none.vtu")


def test_smoothing_keeps_constants_and_lowers_peaks():
    mesh = generators.square(12)
    flat, peak = np.ones(len(mesh.points)), 1.0 * (np.arange(len(mesh.points)) == np.flatnonzero(~mesh.boundary)[9])
    assert np.allclose(smooth(mesh, flat), 1)
    assert 0 < smooth(mesh, peak).max() < 0.5
    assert smooth(mesh, peak, 100.0).max() < smooth(mesh, peak, 1.0).max()


@pytest.mark.parametrize("monitor", MONITORS)
@pytest.mark.parametrize("geometry", ["square", "interval", "quads", "cube"])
def test_a_monitor_of_nothing_is_no_amplified_rounding(monitor, geometry):
    mesh = generators.generate(geometry, 9)
    plane = 300 + (0 if monitor in ("gradient", "combined") else mesh.points.sum(axis=1))
    assert np.array_equal(
        MONITORS[monitor](mesh, np.broadcast_to(plane, len(mesh.points)).copy()), np.ones(len(mesh.points))
    )
    assert MONITORS[monitor](mesh, 300 + 1e-6 * np.sin(9 * mesh.points[:, 0])).max() > 2


def test_the_estimator_points_at_what_linear_cells_miss():
    """A kink of the gradient is what the recovered gradient disagrees with; a plane has nothing to see."""
    mesh = generators.structured_square(16)
    x = mesh.points[:, 0]
    assert np.allclose(estimator(mesh, 3 * x), 1)
    seen = estimator(mesh, np.abs(x - 0.5))
    assert np.abs(x[seen > 3] - 0.5).max() < 0.13
    assert seen[np.abs(x - 0.5) < 1e-9].min() > 3


@pytest.mark.parametrize("name", ["helmholtz", "poisson", "nonlinear-poisson"])
def test_second_order_convergence_in_l2(name):
    problem = problem_class(name).sample(np.random.default_rng(5), np.zeros(2), np.ones(2))
    errors = []
    for n in (16, 32):
        mesh = generators.structured_square(n)
        errors.append(problem.error(mesh, problem.solve(mesh)))
    assert 1.8 < np.log2(errors[0] / errors[1]) < 2.2


def test_linear_solutions_are_exact_on_any_mesh():
    mesh = generators.generate("coastline", 14)

    def plane(points):
        return 1 + points @ np.array([2.0, -1.0])

    values = elliptic(mesh, plane, reaction=1.0, boundary=plane)
    assert l2_error(mesh, values, plane) < 1e-12
