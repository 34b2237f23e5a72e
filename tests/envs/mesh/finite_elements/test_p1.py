"""P1 operators on triangles as sparse matrices: mass, stiffness, gradients, recovery, quadrature."""

import numpy as np
import pytest

from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.finite_elements.reference import Reference, refined
from simplatform.envs.mesh.finite_elements.transfer import conservative
from simplatform.envs.mesh.geometry import generators


def test_conservative_interpolation():
    old, new = generators.square(10, seed=0), generators.square(13, seed=3)
    values = np.sin(5 * old.points[:, 0]) * old.points[:, 1]
    carried = conservative(old, values, new)
    assert P1(new).integral(carried) == pytest.approx(P1(old).integral(values), abs=1e-14)
    assert np.abs(carried - np.sin(5 * new.points[:, 0]) * new.points[:, 1]).max() < 0.1
    plane = old.points @ np.array([2.0, 1.0])
    assert np.allclose(conservative(old, plane, new), new.points @ np.array([2.0, 1.0]))
    vector = np.stack([values, plane], axis=1)
    assert np.allclose(conservative(old, vector, new)[:, 0], carried)


def test_refinement_keeps_area_and_orientation():
    mesh = generators.generate("hole", 10)
    fine = refined(mesh, 2)
    assert len(fine.cells) == 16 * len(mesh.cells)
    assert fine.volumes.min() > 0
    assert fine.volumes.sum() == pytest.approx(mesh.volumes.sum())
    values = mesh.points @ np.array([1.0, 2.0])
    assert Reference(P1(fine), fine.points @ np.array([1.0, 2.0])).error(mesh, values) < 1e-14
