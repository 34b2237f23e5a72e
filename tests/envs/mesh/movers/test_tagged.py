"""Remeshing with tags: areas of materials, tags of boundaries, required edges, in the plane and in space."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh, oriented
from simplatform.envs.mesh.monitors.tensors import isotropic
from simplatform.envs.mesh.movers.tagged import Tagged, remeshed_tagged
from simplatform.errors import ConfigError

pytest.importorskip("mmgpy")


def halves(geometry, n):
    """Return a mesh whose halves are materials 3 and 7, its side x = 0 tagged 11 and held, the rest 12."""
    mesh = generate(geometry, n, 0)
    labels = np.where(mesh.points[mesh.cells].mean(1)[:, 0] > 0.5, 7, 3)
    facets = mesh.boundary_facets
    marks = np.where(mesh.points[facets][:, :, 0].max(1) < 1e-12, 11, 12)
    return Tagged(mesh, labels, facets, marks, np.unique(facets[marks == 11]))


@pytest.mark.parametrize(("geometry", "n"), [("square", 14), ("cube", 6)])
def test_materials_boundaries_and_held_facets_come_back(geometry, n):
    before = halves(geometry, n)
    density = 1 + 8 * np.exp(-(((before.mesh.points[:, 0] - 0.7) / 0.15) ** 2))
    after = remeshed_tagged(before, isotropic(density, before.mesh.dim), len(before.mesh.points))
    check_mesh(oriented(after.mesh))
    assert len(after.mesh.points) <= len(before.mesh.points)
    for material in (3, 7):
        sizes = [np.abs(t.mesh.volumes[t.labels == material]).sum() for t in (before, after)]
        assert sizes[1] == pytest.approx(sizes[0], rel=1e-9)
    sides = [t.mesh.points[t.facets[t.facet_labels == 11]].reshape(-1, t.mesh.dim) for t in (before, after)]
    side = [np.unique(np.round(points, 12), axis=0) for points in sides]
    np.testing.assert_allclose(side[1], side[0], atol=1e-14)
    assert set(after.facet_labels) <= {11, 12}
    np.testing.assert_allclose(after.mesh.points[after.held], before.mesh.points[before.held], atol=1e-14)


def test_other_cells_are_refused():
    quads = Mesh(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), np.array([[0, 1, 2, 3]]), "quad")
    none = np.zeros(0, np.int64)
    tagged = Tagged(quads, np.ones(1, np.int64), np.zeros((0, 2), np.int64), none, none)
    with pytest.raises(ConfigError, match="not quad"):
        remeshed_tagged(tagged, isotropic(np.ones(4), 2), 10)
