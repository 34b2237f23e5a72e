"""What is asked of a mover: the monitor, or a metric's density, or that of a solution's Hessian."""

from __future__ import annotations

import numpy as np

from simplatform.envs.mesh.arrays.asked import asked
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.monitors.standard import hessian

SQUARE = generate("square", 8, 0)
HOW = {"points": SQUARE.points, "cells": SQUARE.cells}


def test_movers_that_see_no_direction_see_the_density_of_a_metric():
    found = asked(**HOW, monitor=np.tile(np.diag([4.0, 9.0]), (len(SQUARE.points), 1, 1)))
    np.testing.assert_allclose(found.monitor, 6.0)
    assert found.metric is not None
    assert set(found.observation) == {"mesh", "monitor", "metric"}


def test_a_solution_gives_a_monitor_and_a_metric():
    values = np.sin(3 * SQUARE.points[:, 0])
    found = asked(**HOW, solution=values)
    np.testing.assert_array_equal(found.monitor, hessian(SQUARE, values))
    both = asked(**HOW, monitor=np.ones(len(values)), solution=values)
    assert both.metric is None
    assert "solution" in both.observation
