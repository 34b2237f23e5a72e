"""Movers: the discrete Monge–Ampère equation is solved, and no mover inverts a cell on smooth monitors."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.movers.base import frozen_monitor
from simplatform.envs.mesh.movers.laplacian import laplacian
from simplatform.envs.mesh.movers.spring import spring
from tests.envs.mesh.movers.mesh_movers_cases import bump, density_spread


def test_one_dimensional_equidistribution_is_exact():
    """In 1-D the Laplacian mover's fixed point has m·h constant, m the mean of a cell's end values."""
    mesh = generators.interval(40)
    moved = laplacian(mesh, lambda m: 1 + 3 * m.points[:, 0], iterations=80, rtol=1e-12)
    points = np.sort(mesh.points[:, 0] + moved.displacement[:, 0])
    products = (1 + 3 * (points[1:] + points[:-1]) / 2) * np.diff(points)
    assert np.allclose(products, products.mean(), rtol=1e-6)


@pytest.mark.parametrize("mover", [laplacian, spring])
def test_smoothing_movers_gather_vertices_where_the_monitor_is_high(mover):
    mesh = generators.square(16)
    moved = mover(mesh, frozen_monitor(mesh, bump(mesh)))
    assert len(tangled_cells(mesh.moved(mesh.points + moved.displacement))) == 0
    assert density_spread(mesh, moved.displacement) < 0.75 * density_spread(mesh, np.zeros_like(mesh.points))


@pytest.mark.parametrize("mover", [laplacian, spring])
@pytest.mark.parametrize("mesh", [generators.interval(12), generators.quads(8), generators.cube(4)])
def test_smoothing_movers_take_every_kind_of_cell(mesh, mover):
    def corner(moved):
        return 1 + 3 * np.exp(-8 * (moved.points**2).sum(axis=1))

    moved = mover(mesh, frozen_monitor(mesh, corner(mesh)))
    assert np.abs(moved.displacement).max() > 1e-3
    # The domain stays: whatever slides does so within its side.
    assert np.abs(moved.displacement[np.isin(mesh.points, (0.0, 1.0))]).max() < 1e-12
    if mesh.dim > 1:
        assert np.abs(moved.displacement[mesh.boundary]).max() > 1e-3
    assert len(tangled_cells(mesh.moved(mesh.points + moved.displacement))) == 0
    assert np.linalg.norm(mesh.points + moved.displacement, axis=1).mean() < np.linalg.norm(mesh.points, axis=1).mean()
