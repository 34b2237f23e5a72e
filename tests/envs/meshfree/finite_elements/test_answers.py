"""Values between steps: cubic in time."""

from __future__ import annotations

import numpy as np

from simplatform.envs.meshfree.finite_elements.answers import between


def test_cubics_in_time_are_met_exactly_and_few_steps_suffice():
    times, wanted = np.linspace(0, 1, 9), np.array([0.0, 0.03, 0.51, 0.97, 1.0])
    values = np.stack([times**3, 1 - times**2], 1)[:, None]
    found = between(times, values, wanted, np.zeros(5, int))
    np.testing.assert_allclose(found, np.stack([wanted**3, 1 - wanted**2], 1), atol=1e-12)
    few = between(times[:2], values[:2], np.array([0.0625]), np.zeros(1, int))
    np.testing.assert_allclose(few[0, 0], times[1] ** 3 / 2)
