"""The energy: its gradient against differences, its bounds on the interpolation error, and what no step may pass."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.boundary import classify
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.simplices import hat_gradients
from simplatform.envs.mesh.monitors.energy import Energy
from simplatform.envs.mesh.monitors.tensors import positive


def case(geometry, n, seed=0):
    """Return a mesh, a smooth curvature at its vertices, and small displacements of inner vertices."""
    mesh, rng = generate(geometry, n, seed), np.random.default_rng(seed)
    factors = rng.normal(size=(3, mesh.dim, mesh.dim))
    waves = np.cos(mesh.points @ rng.normal(size=(mesh.dim, 3)))
    curvature = np.einsum("vk,kab->vab", waves, factors + factors.transpose(0, 2, 1))
    inner = (classify(mesh)[0] == 0)[:, None]
    return mesh, positive(curvature), inner * rng.normal(0, 0.02 / n, mesh.points.shape)


@pytest.mark.parametrize(("geometry", "n"), [("interval", 9), ("square", 6), ("cube", 4)])
def test_the_gradient_is_that_of_differences(geometry, n):
    mesh, curvature, step = case(geometry, n)
    energy, points = Energy(mesh, curvature), mesh.points + step
    direction = case(geometry, n, 1)[2]
    h = 1e-5
    difference = (energy.value(points + h * direction) - energy.value(points - h * direction)) / (2 * h)
    assert (energy.gradient(points) * direction).sum() == pytest.approx(difference, rel=1e-6)


def test_the_matrix_is_positive_and_near_the_second_difference():
    mesh, _, step = case("square", 6)
    energy = Energy(mesh, np.tile(np.eye(2), (len(mesh.points), 1, 1)))
    gradient = energy.gradient(mesh.points)
    numbers = (len(mesh.points) * np.arange(2)[:, None] + mesh.cells[:, None]).reshape(-1, 6)
    matrix = np.zeros(2 * [2 * len(mesh.points)])
    np.add.at(matrix, (numbers[:, :, None], numbers[:, None]), energy.hessians().reshape(-1, 6, 6))
    assert np.linalg.eigvalsh(matrix).min() > -1e-9 * np.abs(matrix).max()
    direction = step.T.ravel()
    second = ((energy.gradient(mesh.points + 1e-3 * step) - gradient) / 1e-3).T.ravel() @ direction
    assert 0.3 < (direction @ matrix @ direction) / second < 3


def test_inverted_and_crowded_cells_have_infinite_energy():
    mesh, curvature, _ = case("square", 6)
    inner = int(np.flatnonzero(classify(mesh)[0] == 0)[0])
    points = mesh.points.copy()
    points[inner] = [5.0, 5.0]
    assert Energy(mesh, curvature).value(points) == np.inf
    shrunk = mesh.moved(0.7 * mesh.points)
    assert np.isfinite(Energy(mesh, curvature).value(shrunk.points))
    assert Energy(mesh, curvature, floor=0.5).value(shrunk.points) == np.inf


def test_the_square_of_the_interpolation_error_of_a_quadratic_lies_between_bounds():
    """e = −½ Σ λiλj e_ijᵀHe_ij on a triangle: ‖e‖² = |K|/720·(Σd² + s²), between s²/3 and s² of it for positive d."""
    mesh, hessian = generate("square", 8, 0), np.array([[3.0, 1], [1, 2]])
    corners = mesh.points[mesh.cells]
    edges = corners[:, [1, 2, 0]] - corners
    along = np.einsum("cia,ab,cib->ci", edges, hessian, edges)
    energy = Energy(mesh, np.tile(hessian, (len(mesh.points), 1, 1)))
    energy.value(mesh.points)
    np.testing.assert_allclose(energy._size, along.sum(1))
    exact = mesh.volumes / 720 * ((along**2).sum(1) + along.sum(1) ** 2)
    ratio = exact / (mesh.volumes * along.sum(1) ** 2)
    assert (ratio >= 4 / 3 / 720 - 1e-12).all()
    assert (ratio <= 2 / 720).all()


def test_hat_functions_are_one_and_zero():
    corners = generate("cube", 4, 0).points[generate("cube", 4, 0).cells]
    slopes = hat_gradients(corners)
    rise = np.einsum("cid,cjd->cij", slopes, corners - corners[:, :1])  # λ_i(P_j) − λ_i(P_0)
    np.testing.assert_allclose(rise, np.broadcast_to(np.eye(4) - np.eye(4)[:, :1], rise.shape), atol=1e-12)
