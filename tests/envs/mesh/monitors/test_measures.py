"""Equidistribution and alignment: 1 for cells that fit, and whatever turns cells and metric alike changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.monitors.measures import EQUILATERAL, fit
from simplatform.errors import DataError


def one_cell(dim):
    kind = {2: "triangle", 3: "tetra"}[dim]
    return Mesh(np.vstack([np.zeros(dim), EQUILATERAL[dim].T]), np.arange(dim + 1)[None], kind)


@pytest.mark.parametrize("dim", [2, 3])
def test_an_equilateral_cell_is_aligned_and_a_stretched_one_under_its_own_metric(dim):
    mesh = one_cell(dim)
    lengths = np.linalg.norm(mesh.points[mesh.edges[:, 0]] - mesh.points[mesh.edges[:, 1]], axis=1)
    np.testing.assert_allclose(lengths, 1.0)
    stretch = np.diag([5.0, 1.0, 0.2][:dim])
    stretched = mesh.moved(mesh.points @ stretch)
    own = np.tile(np.linalg.inv(stretch @ stretch), (dim + 1, 1, 1))
    identity = np.tile(np.eye(dim), (dim + 1, 1, 1))
    assert fit(mesh, identity).worst == pytest.approx(1)
    assert fit(stretched, own).worst == pytest.approx(1)
    assert fit(stretched, identity).worst > 2


def test_volumes_are_measured_in_the_metric():
    mesh = generate("square", 8, 0)
    metric = np.tile(np.eye(2), (len(mesh.points), 1, 1))
    found = fit(mesh, metric)
    np.testing.assert_allclose(found.equidistribution, mesh.volumes / mesh.volumes.mean())
    assert fit(mesh, 7 * metric).unevenness == pytest.approx(found.unevenness)
    assert fit(mesh, metric[:, [0, 0, 1], [0, 1, 1]]).worst == found.worst


def test_quadrilaterals_are_refused():
    quads = generate("quads", 4, 0)
    with pytest.raises(DataError, match="simplices"):
        fit(quads, np.tile(np.eye(2), (len(quads.points), 1, 1)))
