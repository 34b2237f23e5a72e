"""Arrays of others: padding, orientation, planes in space, unused points, tags in their numbers."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.arrays.given import given, tagged
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.errors import DataError

SQUARE = generate("square", 6, 0)


def test_a_mesh_in_a_plane_of_space_moves_in_it():
    points = np.c_[SQUARE.points[:, 0], np.full(len(SQUARE.points), 2.0), SQUARE.points[:, 1]]
    found = given(points, SQUARE.cells.astype(np.uint32))
    assert found.mesh.dim == 2
    moved = found.moved(np.full(found.mesh.points.shape, 0.25))
    np.testing.assert_array_equal(moved[:, 1], 2.0)
    np.testing.assert_allclose(moved[:, [0, 2]], points[:, [0, 2]] + 0.25)


def test_numbers_and_masks_are_turned_into_those_of_the_mesh():
    found = given(np.r_[[[7.0, 7]], SQUARE.points], SQUARE.cells + 1)
    np.testing.assert_array_equal(found.numbers([0, 1, 5], "hold"), [0, 4])
    mask = np.zeros(len(found.points), bool)
    mask[[0, 3]] = True
    np.testing.assert_array_equal(found.numbers(mask, "hold"), [2])
    with pytest.raises(DataError, match="numbers of points, 0 to"):
        found.numbers([len(found.points)], "hold")


def test_kinds_follow_from_shapes():
    assert given(np.linspace(0, 1, 4)[:, None], [[0, 1], [1, 2], [2, 3]]).mesh.kind == "line"
    quad = [[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert given(quad, [[0, 1, 2, 3]]).mesh.kind == "quad"
    assert given(generate("cube", 4, 0).points, generate("cube", 4, 0).cells).mesh.kind == "tetra"
    with pytest.raises(DataError, match="no tetra"):
        given(SQUARE.points, SQUARE.cells, "tetra")
    with pytest.raises(DataError, match="order 1"):
        given(SQUARE.points, np.c_[SQUARE.cells, SQUARE.cells])
    with pytest.raises(DataError, match="cells are a table"):
        given(SQUARE.points, SQUARE.cells.astype(float))


def test_tags_are_checked():
    found = given(SQUARE.points, SQUARE.cells)
    assert len(tagged(found).labels) == len(SQUARE.cells)
    with pytest.raises(DataError, match=r"\(F, 2\)"):
        tagged(found, facets=[[0, 1, 2]])
    with pytest.raises(DataError, match="per facet"):
        tagged(found, facets=[[0, 1]], facet_tags=[1, 2])
