"""Recovery on cells of any kind: exact where it must be, and on large meshes what it is on small ones."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.monitors.recovery import Recovery


@pytest.mark.parametrize("geometry", ["square", "cube"])
def test_the_gradient_of_a_linear_function_is_exact(geometry):
    mesh = generate(geometry, 5, 0)
    slope = np.arange(1.0, mesh.dim + 1)
    np.testing.assert_allclose(Recovery(mesh).gradient(mesh.points @ slope), np.tile(slope, (len(mesh.points), 1)))


def test_projections_too_large_to_factorise_are_the_same(monkeypatch):
    mesh = generate("cube", 5, 0)
    values = np.sin(3 * mesh.points[:, 0]) * mesh.points[:, 1]
    hessian = Recovery(mesh).hessian(values)
    monkeypatch.setattr("simplatform.envs.mesh.monitors.recovery.LARGEST", {3: 0})
    np.testing.assert_allclose(Recovery(mesh).hessian(values), hessian, atol=1e-9 * np.abs(hessian).max())
