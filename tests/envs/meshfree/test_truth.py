"""Fine finite elements stand in where no solution is known, and come close to it where one is."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.meshfree.document import parsed
from simplatform.envs.meshfree.pde import Pde
from simplatform.envs.meshfree.truth import Truth
from tests.envs.meshfree.cases import PERIODIC, case


def test_fine_finite_elements_are_the_truth_without_a_formula():
    exact = case("periodic")
    unknown = Pde(parsed("cells = 200\nsteps = 200\n" + PERIODIC.partition("[exact]")[0], "p", "p"))
    assert (Truth(exact).told, Truth(unknown).told) == ("exact", "fine finite elements")
    points = np.random.default_rng(0).uniform(size=(30, 2)) * [6, 1]
    one, other = (Truth(pde).at(points, np.array([2.0])) for pde in (exact, unknown))
    np.testing.assert_allclose(one, other, atol=2e-4)


def test_where_two_finenesses_are_far_apart_or_nothing_is_taken_there_is_no_truth():
    points = np.random.default_rng(0).uniform(size=(30, 2))
    ill, plate = Truth(case("backward")), Truth(case("plate"))
    with pytest.warns(UserWarning, match="errors are not measured"):
        assert np.isnan(ill.known(points, np.zeros(0))).all()
    assert "ill-posed" in ill.told
    assert np.isnan(plate.known(points, np.zeros(0))).all()
    assert "beyond the second" in plate.told
