"""Springs: balanced by a factorisation or, where that would fill memory, by conjugate gradients, to the same mesh."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.movers.base import frozen_monitor
from simplatform.envs.mesh.movers.spring import spring


@pytest.mark.parametrize(("geometry", "n"), [("square", 10), ("cube", 4)])
def test_iterated_balances_give_nearly_the_same_mesh(geometry, n, monkeypatch):
    mesh = generate(geometry, n, 0)
    monitor = frozen_monitor(mesh, 1 + 5 * np.exp(-(((mesh.points - 0.4) ** 2).sum(1)) / 0.05))
    exact = spring(mesh, monitor, iterations=6).displacement
    monkeypatch.setattr("simplatform.envs.mesh.movers.spring.LARGEST", {2: 0, 3: 0})
    found = spring(mesh, monitor, iterations=6).displacement
    assert np.abs(exact).max() > 0.02
    np.testing.assert_allclose(found, exact, atol=0.05 * np.abs(exact).max())
    assert (mesh.moved(mesh.points + found).corner_volumes > 0).all()
