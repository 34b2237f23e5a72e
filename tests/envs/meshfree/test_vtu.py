"""Grids as cells, in one to three directions."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.meshfree.queries import query_points
from simplatform.envs.meshfree.vtu import cells, write_vtu


@pytest.mark.parametrize(("shape", "corners"), [((4,), 2), ((3, 4), 4), ((3, 2, 4), 8)])
def test_cells_are_those_of_the_grid(shape, corners, tmp_path):
    found = cells(shape)
    assert found.shape == (int(np.prod(np.array(shape) - 1)), corners)
    assert set(found.ravel()) == set(range(int(np.prod(shape))))


def test_cells_of_a_cube_have_its_volume(tmp_path):
    points = query_points(np.zeros(3), np.full(3, 2.0), 27)
    write_vtu(tmp_path / "a.vtu", points, (3, 3, 3), {"u": points[:, 0]})
    found = meshio.read(tmp_path / "a.vtu")
    corners = found.points[found.cells[0].data]
    edges = corners[:, [1, 3, 4]] - corners[:, :1]
    np.testing.assert_allclose(np.linalg.det(edges), (2 / 3) ** 3)
