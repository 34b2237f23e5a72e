"""Where solutions are asked for, and what an error is."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.meshfree.queries import largest_error, query_points, relative_error


@pytest.mark.parametrize("dim", [1, 2, 3, 5])
def test_points_lie_inside_and_integrate(dim):
    low, high = np.full(dim, -1.0), np.full(dim, 3.0)
    points = query_points(low, high, 4000)
    assert abs(len(points) - 4000) < 200
    assert ((points > low) & (points < high)).all()
    np.testing.assert_allclose((points**2).mean(0), 7 / 3, rtol=5e-3)


def test_errors_are_in_units_of_the_truth_and_non_finite_is_infinite():
    truth = np.stack([np.ones(10), np.linspace(-2, 2, 10)], 1)
    assert relative_error(1.1 * truth, truth) == pytest.approx(0.1)
    assert largest_error(truth + [0.1, 0], truth) == pytest.approx(0.1)
    assert relative_error(truth * np.nan, truth) == largest_error(truth * np.inf, truth) == np.inf
